use std::collections::BTreeSet;

use domain::stock::look_up;

use crate::world::World;

#[tokio::test]
async fn pages_walk_all_variants_once_and_a_text_finds_sku_name_title_or_vendor() {
    let world = World::new().await;
    let mut expected = BTreeSet::new();
    for _ in 0..7 {
        expected.insert(world.shop.variant(100, 5).await);
    }
    let mut connection = world.connection().await;
    let (mut walked, mut cursor) = (Vec::new(), None);
    for _ in 0..20 {
        let page = look_up::list(&mut connection, Some(" "), 2, cursor.as_deref()).await.unwrap();
        walked.extend(page.variants.into_iter().map(|variant| variant.variant_id));
        let Some(next) = page.next_cursor else { break };
        cursor = Some(next);
    }
    assert_eq!(walked.len(), 7, "{walked:?}");
    let one = walked[3].clone();
    assert_eq!(walked.into_iter().collect::<BTreeSet<_>>(), expected);
    let sku = format!("SKU-{one}");
    for (text, found) in
        [(one.as_str(), 1), (sku.as_str(), 1), ("tea 100 G", 7), ("himal", 7), ("%", 0), ("a\0b", 0)]
    {
        let page = look_up::list(&mut connection, Some(text), 100, None).await.unwrap();
        assert_eq!(page.variants.len(), found, "{text:?}");
        assert!(!page.is_cut_short);
    }
}

#[tokio::test]
async fn a_variant_is_shown_with_its_counts_and_movements_page_by_page() {
    let world = World::new().await;
    let sale = world.sale().await;
    world.order(&sale).await;
    let mut connection = world.connection().await;
    let file = look_up::open_file(&mut connection, &sale.variant, 2, None).await.unwrap().unwrap();
    let counts = (file.variant.available, file.variant.reserved, file.variant.sold);
    assert_eq!(counts, (1, 0, 2));
    let reasons: Vec<&str> = file.movements.iter().map(|moved| moved.reason.as_str()).collect();
    assert_eq!(reasons, ["settled", "reserved"]);
    let rest =
        look_up::open_file(&mut connection, &sale.variant, 2, file.next_cursor).await.unwrap().unwrap();
    assert_eq!(rest.movements.len(), 1);
    assert_eq!((rest.movements[0].reason.as_str(), rest.next_cursor), ("opening", None));
    for nothing in ["nowhere", "a\0b"] {
        assert!(look_up::open_file(&mut connection, nothing, 2, None).await.unwrap().is_none());
    }
}
