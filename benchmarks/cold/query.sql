with orders as (
  select order_id, buyer_id, shop_id, pay_amount, ds
  from dwd_trade_order
  where ds between '20251101' and '20251107' and status in ('PAID', 'DONE')
),
buyers as (
  select user_id, user_name, phone as contact, city
  from hr.users
  where city is not null
)
select
  b.user_name,
  concat('+86', b.contact) as contact,
  s.shop_name,
  count(distinct o.order_id) as orders,
  sum(o.pay_amount) as amount
from orders o
join buyers b on o.buyer_id = b.user_id
left join dim_shop s on o.shop_id = s.shop_id
group by b.user_name, b.contact, s.shop_name order by amount desc limit 5000
