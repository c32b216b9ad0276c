use std::collections::{BTreeMap, HashMap};

use schema::{
    Connection, FromSchema,
    queries::{
        catalogue::{self, ProductRows, Put, VariantRows, VendorRows},
        stock,
    },
};

use super::{Catalogue, CatalogueEntry, Complaint};

/// A statement that sets so many counts stays far below the time-out of statements.
const COUNTS_PER_STATEMENT_MAX: usize = 5000;

/// Whether an import is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportMode {
    Apply,
    /// Does everything, reports it, and rolls it back.
    DryRun,
}

/// What an import changed, or would.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ImportReport {
    pub vendors: Put,
    pub products: Put,
    pub variants: Put,
    pub stock_changes: Vec<StockChange>,
}

/// One count that an import moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StockChange {
    pub sku: String,
    pub available_before: i32,
    pub available_after: i32,
}

/// Why nothing was imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// Lines that name a variant otherwise than the catalogue does.
    #[error("{}", join(.0))]
    Conflicts(Vec<Complaint>),
    #[error(transparent)]
    Database(#[from] schema::Error),
}

fn join(complaints: &[Complaint]) -> String {
    complaints.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// How the transaction ends when it is not committed.
enum Undone {
    Rehearsed(ImportReport),
    Refused(ImportError),
}

impl From<schema::Error> for Undone {
    fn from(error: schema::Error) -> Self {
        Self::Refused(error.into())
    }
}

impl FromSchema for Undone {
    fn schema_error(&self) -> Option<&schema::Error> {
        match self {
            Self::Refused(ImportError::Database(error)) => Some(error),
            Self::Refused(ImportError::Conflicts(_)) | Self::Rehearsed(_) => None,
        }
    }
}

/// Puts the catalogue in: vendors and products by id, variants by SKU, stock through movements that carry `reason`.
/// All of it or nothing; the same file again changes nothing.
pub async fn import(
    connection: &mut Connection,
    catalogue: &Catalogue,
    reason: &str,
    mode: ImportMode,
) -> Result<ImportReport, ImportError> {
    let entries = catalogue.entries();
    let outcome = schema::transaction(connection, async |connection| {
        let variant_ids = variant_ids_of(connection, entries).await?;
        let report = ImportReport {
            vendors: catalogue::put_vendors(connection, &vendor_rows(entries)).await?,
            products: catalogue::put_products(connection, &product_rows(entries)).await?,
            variants: catalogue::put_variants(connection, &variant_rows(entries, &variant_ids)).await?,
            stock_changes: set_stock(connection, entries, &variant_ids, reason).await?,
        };
        match mode {
            ImportMode::Apply => Ok(report),
            ImportMode::DryRun => Err(Undone::Rehearsed(report)),
        }
    })
    .await;
    match outcome {
        Ok(report) | Err(Undone::Rehearsed(report)) => Ok(report),
        Err(Undone::Refused(error)) => Err(error),
    }
}

/// The id of each entry's variant: the catalogue's, the file's, or one made for it.
async fn variant_ids_of(
    connection: &mut Connection,
    entries: &[CatalogueEntry],
) -> Result<Vec<String>, Undone> {
    let skus: Vec<String> = entries.iter().map(|entry| entry.sku.clone()).collect();
    let ids: Vec<String> = entries.iter().filter_map(|entry| entry.variant_id.clone()).collect();
    let known = catalogue::variants_by_sku_or_id(connection, &skus, &ids).await?;
    let id_of_sku: HashMap<&str, &str> =
        known.iter().map(|known| (known.sku.as_str(), known.variant_id.as_str())).collect();
    let sku_of_id: HashMap<&str, &str> =
        known.iter().map(|known| (known.variant_id.as_str(), known.sku.as_str())).collect();
    let mut complaints = Vec::new();
    let mut variant_ids = Vec::with_capacity(entries.len());
    for entry in entries {
        let known_id = id_of_sku.get(entry.sku.as_str()).copied();
        let named_id = entry.variant_id.as_deref();
        let message = match (known_id, named_id, named_id.and_then(|id| sku_of_id.get(id))) {
            (Some(known), Some(named), _) if known != named => {
                Some(format!("sku `{}` is variant `{known}`, not `{named}`", entry.sku))
            }
            (None, Some(named), Some(sku)) => Some(format!("variant `{named}` has the sku `{sku}`")),
            _ => None,
        };
        complaints.extend(message.map(|message| Complaint { line: entry.line, message }));
        let id = known_id.or(named_id).map_or_else(|| uuid::Uuid::new_v4().to_string(), str::to_owned);
        variant_ids.push(id);
    }
    if complaints.is_empty() {
        Ok(variant_ids)
    } else {
        Err(Undone::Refused(ImportError::Conflicts(complaints)))
    }
}

// Rows are put in ascending order of their keys, so that two imports wait for each other instead of deadlocking.

fn vendor_rows(entries: &[CatalogueEntry]) -> VendorRows {
    let vendors: BTreeMap<&String, &String> =
        entries.iter().map(|entry| (&entry.vendor_id, &entry.vendor_display_name)).collect();
    let (vendor_ids, display_names) =
        vendors.into_iter().map(|(id, name)| (id.clone(), name.clone())).unzip();
    VendorRows { vendor_ids, display_names }
}

fn product_rows(entries: &[CatalogueEntry]) -> ProductRows {
    let products: BTreeMap<&String, &CatalogueEntry> =
        entries.iter().map(|entry| (&entry.product.product_id, entry)).collect();
    let mut rows = ProductRows::default();
    for (product_id, entry) in products {
        rows.product_ids.push(product_id.clone());
        rows.vendor_ids.push(entry.vendor_id.clone());
        rows.names.push(entry.product.name.clone());
        rows.descriptions.push(entry.product.description.clone());
        rows.image_urls.push(entry.product.image_url.clone());
        rows.are_active.push(entry.product.is_active);
    }
    rows
}

fn variant_rows(entries: &[CatalogueEntry], variant_ids: &[String]) -> VariantRows {
    let variants: BTreeMap<&String, (&CatalogueEntry, &String)> = entries
        .iter()
        .zip(variant_ids)
        .map(|(entry, variant_id)| (&entry.sku, (entry, variant_id)))
        .collect();
    let mut rows = VariantRows::default();
    for (sku, (entry, variant_id)) in variants {
        rows.variant_ids.push(variant_id.clone());
        rows.product_ids.push(entry.product.product_id.clone());
        rows.skus.push(sku.clone());
        rows.titles.push(entry.title.clone());
        rows.unit_prices_minor.push(entry.unit_price_minor);
        rows.are_active.push(entry.is_active);
    }
    rows
}

async fn set_stock(
    connection: &mut Connection,
    entries: &[CatalogueEntry],
    variant_ids: &[String],
    reason: &str,
) -> Result<Vec<StockChange>, schema::Error> {
    let wanted: Vec<(&CatalogueEntry, &String, i32)> = entries
        .iter()
        .zip(variant_ids)
        .filter_map(|(entry, variant_id)| Some((entry, variant_id, entry.stock?)))
        .collect();
    let ids: Vec<String> = wanted.iter().map(|(_, variant_id, _)| (*variant_id).clone()).collect();
    let counts: Vec<i32> = wanted.iter().map(|(_, _, available)| *available).collect();
    let counted: HashMap<String, i32> =
        stock::available_for_update(connection, &ids).await?.into_iter().collect();
    for (ids, counts) in ids.chunks(COUNTS_PER_STATEMENT_MAX).zip(counts.chunks(COUNTS_PER_STATEMENT_MAX)) {
        stock::set_available(connection, ids, counts, reason).await?;
    }
    let changes = wanted.into_iter().map(|(entry, variant_id, available_after)| StockChange {
        sku: entry.sku.clone(),
        available_before: counted.get(variant_id).copied().unwrap_or(0),
        available_after,
    });
    Ok(changes.filter(|change| change.available_before != change.available_after).collect())
}
