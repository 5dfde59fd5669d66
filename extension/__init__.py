"""DataWorks extension for Function Compute: an event in, a verdict posted."""

__version__ = "0.1.0"
