"""A handler as the official samples write it: one rule in code, and the callback through the official SDK.

The samples are in Java; this is their shape: read the message, compare, post.
Source: https://www.alibabacloud.com/help/en/dataworks/user-guide/develop-and-deploy-an-extension-based-on-function-compute
"""

import json
import os
from typing import Any

from alibabacloud_dataworks_public20200518 import models
from alibabacloud_dataworks_public20200518.client import Client
from alibabacloud_tea_openapi.utils_models import Config

MAX_ROWS = 100_000


def client() -> Any:  # noqa: ANN401  the SDK has no types
    """The SDK's client with the role of the function."""
    protocol, _, host = os.environ["DATAWORKS_ENDPOINT"].rpartition("://")
    return Client(
        Config(
            access_key_id=os.environ["ALIBABA_CLOUD_ACCESS_KEY_ID"],
            access_key_secret=os.environ["ALIBABA_CLOUD_ACCESS_KEY_SECRET"],
            security_token=os.environ["ALIBABA_CLOUD_SECURITY_TOKEN"],
            region_id=os.environ["FC_REGION"],
            endpoint=host,
            protocol=protocol or "https",
        )
    )


def handler(event: bytes, context: object) -> str:  # noqa: ARG001  as Function Compute calls it
    """Refuse a download of too many rows; post the verdict and return it."""
    message = json.loads(event)
    rows = int(message["messageBody"]["dataRowSize"])
    refused = rows > MAX_ROWS
    result, text = ("FAIL", f"{rows:,} rows are too many.") if refused else ("OK", "")
    client().callback_extension(
        models.CallbackExtensionRequest(
            message_id=message["messageId"],
            extension_code=os.environ["DATAWORKS_EXTENSION_CODE"],
            check_result=result,
            check_message=text,
        )
    )
    return json.dumps({"checkResult": result, "errorMessage": text})
