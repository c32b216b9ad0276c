//! The factories' rows are ones that the business could have made.

use test_support::{
    TestDatabase,
    factories::{Provider, Shop},
};

#[tokio::test]
async fn factories_make_rows_that_break_no_promise() {
    let database = TestDatabase::create().await;
    let shop = Shop::open(&database).await;
    let (tea, rice) = (shop.variant(1_000, 5).await, shop.variant(250, 9).await);
    let cart = shop.cart(&[(&tea, 2), (&rice, 4)]).await;
    let first = shop.intent(Provider::Esewa, &cart).await;
    assert_eq!(first.amount_minor, 3_000);
    assert_eq!(shop.stock(&tea).await, (3, 2, 0));
    shop.release(&first, "superseded").await;
    assert_eq!(shop.stock(&tea).await, (5, 0, 0));
    let second = shop.intent(Provider::Khalti, &cart).await;
    shop.verify(&second).await;
    assert_eq!(shop.status(&second).await, "verified");
    database.assert_no_violations().await;
}
