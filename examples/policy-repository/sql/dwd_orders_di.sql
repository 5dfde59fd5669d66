insert overwrite table shop.dwd_orders partition (ds = '${bizdate}')
select order_id, mask_phone(phone) as phone, amount
from shop.ods_orders
where ds = '${bizdate}';
