//! Importing catalogues and changing stock by hand, as the role that may.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails by panicking")]

use domain::{
    PooledConnection,
    catalogue::{Catalogue, CatalogueFormat, ImportError, ImportMode, ImportReport, import},
    stock::{StockError, receive_stock, set_stock},
};
use test_support::{TestDatabase, factories::Shop};

const FILE: &str = r#"[
  {"product_id": "tea", "name": "Ilam tea", "vendor": {"vendor_id": "gardens", "display_name": "Ilam Gardens"},
   "variants": [
     {"variant_id": "tea-1", "sku": "TEA-1", "price_rupees": "450.50", "stock": 20},
     {"sku": "TEA-2", "title": "250 g", "price_rupees": "999"}
   ]}
]"#;

struct Stage {
    database: TestDatabase,
    shop: Shop,
    keeper: PooledConnection,
}

impl Stage {
    async fn set() -> Self {
        let database = TestDatabase::create().await;
        let shop = Shop::open(&database).await;
        let keeper = database.pool_as("catalogue_keeper").connection().await.unwrap();
        Self { database, shop, keeper }
    }

    async fn import(&mut self, text: &str, mode: ImportMode) -> Result<ImportReport, ImportError> {
        let catalogue = Catalogue::read(text, CatalogueFormat::Json).unwrap();
        import(&mut self.keeper, &catalogue, "a test's file", mode).await
    }

    async fn count(&self, query: &str) -> i64 {
        self.shop.client.query_one(query, &[]).await.unwrap().get(0)
    }
}

#[tokio::test]
async fn a_file_is_imported_once_however_often_it_is_read() {
    let mut stage = Stage::set().await;
    let report = stage.import(FILE, ImportMode::Apply).await.unwrap();
    assert_eq!((report.vendors.added, report.products.added, report.variants.added), (1, 1, 2));
    assert_eq!(report.stock_changes.len(), 1);
    assert_eq!(stage.shop.stock("tea-1").await, (20, 0, 0));
    let again = stage.import(FILE, ImportMode::Apply).await.unwrap();
    assert_eq!(again, ImportReport::default());
    stage.database.assert_no_violations().await;
}

#[tokio::test]
async fn a_changed_file_changes_what_it_says_and_nothing_else() {
    let mut stage = Stage::set().await;
    stage.import(FILE, ImportMode::Apply).await.unwrap();
    let cart = stage.shop.cart(&[("tea-1", 5)]).await;
    stage.shop.intent(test_support::factories::Provider::Esewa, &cart).await;
    let changed = FILE
        .replace("450.50", "460")
        .replace("\"stock\": 20", "\"stock\": 30")
        .replace("\"variant_id\": \"tea-1\", ", "");
    let rehearsed = stage.import(&changed, ImportMode::DryRun).await.unwrap();
    assert_eq!(stage.shop.stock("tea-1").await, (15, 5, 0));
    let report = stage.import(&changed, ImportMode::Apply).await.unwrap();
    assert_eq!(report, rehearsed);
    assert_eq!((report.variants.added, report.variants.changed, report.products.changed), (0, 1, 0));
    assert_eq!(stage.shop.stock("tea-1").await, (30, 5, 0), "reserved units are not the file's to count");
    let price = "SELECT unit_price_minor FROM product_variants WHERE variant_id = 'tea-1'";
    assert_eq!(stage.count(price).await, 46_000);
    let movement = "SELECT available_delta::bigint FROM inventory_movements WHERE reason = 'a test''s file' ORDER BY id DESC LIMIT 1";
    assert_eq!(stage.count(movement).await, 15);
    stage.database.assert_no_violations().await;
}

#[tokio::test]
async fn a_dry_run_of_a_new_file_leaves_nothing() {
    let mut stage = Stage::set().await;
    let report = stage.import(FILE, ImportMode::DryRun).await.unwrap();
    assert_eq!(report.variants.added, 2);
    let rows = "SELECT (SELECT count(*) FROM vendor_profiles) + (SELECT count(*) FROM products)
        + (SELECT count(*) FROM product_variants) + (SELECT count(*) FROM inventory)";
    assert_eq!(stage.count(rows).await, 0);
}

#[tokio::test]
async fn an_id_and_a_sku_that_name_two_variants_are_refused_by_line() {
    let mut stage = Stage::set().await;
    stage.import(FILE, ImportMode::Apply).await.unwrap();
    for (from, to, complaint) in [
        ("tea-1", "tea-9", "line 4: sku `TEA-1` is variant `tea-1`, not `tea-9`"),
        ("\"TEA-1\"", "\"TEA-9\"", "line 4: variant `tea-1` has the sku `TEA-1`"),
    ] {
        let error = stage.import(&FILE.replace(from, to), ImportMode::Apply).await.unwrap_err();
        assert_eq!(error.to_string(), complaint);
    }
}

#[tokio::test]
async fn stock_is_received_and_counted_with_a_reason() {
    let mut stage = Stage::set().await;
    stage.import(FILE, ImportMode::Apply).await.unwrap();
    assert_eq!(receive_stock(&mut stage.keeper, "TEA-1", 5, "delivery 17").await.unwrap(), 25);
    assert_eq!(receive_stock(&mut stage.keeper, "TEA-2", 3, "first delivery").await.unwrap(), 3);
    assert_eq!(set_stock(&mut stage.keeper, "TEA-1", 4, "two were broken").await.unwrap(), 25);
    assert_eq!(stage.shop.stock("tea-1").await, (4, 0, 0));

    let unknown = receive_stock(&mut stage.keeper, "COFFEE", 1, "delivery").await;
    assert!(matches!(unknown, Err(StockError::UnknownSku(sku)) if sku == "COFFEE"));
    let silent = set_stock(&mut stage.keeper, "TEA-1", 1, " ").await;
    assert!(matches!(silent, Err(StockError::InvalidReason)));
    for units in [u32::MAX, 2_147_483_644] {
        let too_many = receive_stock(&mut stage.keeper, "TEA-1", units, "delivery").await;
        assert!(matches!(too_many, Err(StockError::OutOfBounds)), "{units}");
    }
    let negative = set_stock(&mut stage.keeper, "TEA-1", -1, "impossible").await;
    assert!(matches!(negative, Err(StockError::OutOfBounds)));
    assert_eq!(stage.shop.stock("tea-1").await, (4, 0, 0));
    stage.database.assert_no_violations().await;
}

#[tokio::test]
async fn deliveries_at_the_same_moment_all_count() {
    let mut stage = Stage::set().await;
    stage.import(FILE, ImportMode::Apply).await.unwrap();
    let pool = stage.database.pool_as("catalogue_keeper");
    let deliveries = (0..10).map(|_| async {
        let mut keeper = pool.connection().await.unwrap();
        receive_stock(&mut keeper, "TEA-1", 1, "delivery").await.unwrap()
    });
    futures_util::future::join_all(deliveries).await;
    assert_eq!(stage.shop.stock("tea-1").await, (30, 0, 0));
    stage.database.assert_no_violations().await;
}
