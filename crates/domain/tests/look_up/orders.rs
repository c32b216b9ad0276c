use std::collections::BTreeSet;

use domain::orders::look_up;

use crate::world::World;

#[tokio::test]
async fn an_order_is_shown_with_its_lines_vendors_and_movements_and_without_its_address() {
    let world = World::new().await;
    let sale = world.sale().await;
    let number = world.order(&sale).await;
    let mut connection = world.connection().await;
    let file = look_up::open_file(&mut connection, &number.to_lowercase()).await.unwrap().unwrap();
    assert_eq!(file.order.payment_intent_id, sale.intent.payment_intent_id);
    assert_eq!((file.order.status.as_str(), file.order.reservation.as_str()), ("confirmed", "settled"));
    assert_eq!((file.lines[0].vendor_name.as_str(), file.lines[0].line_total_minor), ("Himal", 100_000));
    let moved: Vec<(&str, i32, i32, i32)> = file
        .movements
        .iter()
        .map(|moved| (moved.reason.as_str(), moved.available_delta, moved.reserved_delta, moved.sold_delta))
        .collect();
    assert_eq!(moved, [("reserved", -2, 2, 0), ("settled", 0, -2, 2)]);
    let shown = format!("{file:?}");
    assert!(!shown.contains("Sita Rai") && !shown.contains("Pokhara"), "{shown}");
    for nothing in ["ORD-NOWHERE", "a\0b"] {
        assert!(look_up::open_file(&mut connection, nothing).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn pages_walk_all_orders_once_while_orders_are_made() {
    let world = World::new().await;
    let (mut expected, mut sales) = (BTreeSet::new(), Vec::new());
    for _ in 0..7 {
        let sale = world.sale().await;
        expected.insert(world.order(&sale).await);
        sales.push(sale);
    }
    // Orders of one batch have one moment.
    let same = "UPDATE orders SET created_at = now() - interval '1 minute'";
    world.shop.client.execute(same, &[]).await.unwrap();
    let mut connection = world.connection().await;
    let (mut walked, mut cursor) = (Vec::new(), None);
    for _ in 0..20 {
        let page = look_up::list_all(&mut connection, None, 2, cursor).await.unwrap();
        walked.extend(page.orders.into_iter().map(|order| order.order_number));
        world.order(&world.sale().await).await;
        let Some(next) = page.next_cursor else { break };
        cursor = Some(next.to_string().parse().unwrap());
    }
    assert_eq!(walked.len(), 7, "{walked:?}");
    assert_eq!(walked.into_iter().collect::<BTreeSet<_>>(), expected);
    let user = sales[3].cart.user_id.as_str();
    let of_user = look_up::list_all(&mut connection, Some(user), 100, None).await.unwrap();
    assert_eq!(of_user.orders.len(), 1);
    assert_eq!(of_user.orders[0].user_id, user);
    world.database.assert_no_violations().await;
}
