//! A catalogue file: read whole, checked whole, complaints by line.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use super::{csv_file, json_file};

/// Variants in one file at most; a larger catalogue comes in several files.
const ENTRIES_MAX: usize = 50_000;
/// Complaints reported at a time.
const COMPLAINTS_MAX: usize = 100;
const PRICE_MINOR_MAX: i64 = 1_000_000_000;

/// How a catalogue file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CatalogueFormat {
    /// A list of products, each with its variants.
    Json,
    /// One line a variant, with a header line.
    Csv,
}

/// One rule that a line of the file breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    pub line: u64,
    pub message: String,
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

/// Why a file is not a catalogue: the complaints in the order of lines, the first hundred of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadError(pub Vec<Complaint>);

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, complaint) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(f, "{separator}{complaint}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ReadError {}

/// One variant with everything above it, as a line of the file says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogueEntry {
    pub line: u64,
    pub vendor_id: String,
    pub vendor_display_name: String,
    pub product: ProductFields,
    /// `None` keeps the id the SKU has, or makes one.
    pub variant_id: Option<String>,
    pub sku: String,
    pub title: String,
    pub unit_price_minor: i64,
    pub is_active: bool,
    /// What can be sold from here on; `None` leaves the count alone.
    pub stock: Option<i32>,
}

/// A product as the file says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProductFields {
    pub product_id: String,
    pub name: String,
    pub description: String,
    pub image_url: Option<String>,
    pub is_active: bool,
}

/// A file that can be imported: every field within its bounds, nothing said twice in two ways.
#[derive(Debug, Clone)]
pub struct Catalogue {
    entries: Vec<CatalogueEntry>,
}

impl Catalogue {
    /// Reads and checks a whole file.
    ///
    /// # Errors
    /// Every complaint about it, by line.
    pub fn read(text: &str, format: CatalogueFormat) -> Result<Self, ReadError> {
        let entries = match format {
            CatalogueFormat::Json => json_file::entries(text),
            CatalogueFormat::Csv => csv_file::entries(text),
        }
        .map_err(|complaint| ReadError(vec![complaint]))?;
        let mut complaints: Vec<Complaint> = entries.iter().flat_map(complaints_about).collect();
        complaints.extend(contradictions(&entries));
        if entries.len() > ENTRIES_MAX {
            let message = format!("a file has at most {ENTRIES_MAX} variants");
            complaints.push(Complaint { line: 1, message });
        }
        complaints.sort_by_key(|complaint| complaint.line);
        complaints.truncate(COMPLAINTS_MAX);
        if complaints.is_empty() { Ok(Self { entries }) } else { Err(ReadError(complaints)) }
    }

    /// Its variants in the order of the file.
    pub fn entries(&self) -> &[CatalogueEntry] {
        &self.entries
    }
}

/// The rules of single fields: those of the database's own checks, said by line.
fn complaints_about(entry: &CatalogueEntry) -> Vec<Complaint> {
    let id_rule = "must be 1 to 64 letters, digits or any of . _ ~ -";
    let long = |text: &str, chars_max: usize| text.chars().count() > chars_max;
    let rules = [
        (!is_id(&entry.vendor_id), format!("vendor_id {id_rule}")),
        (
            entry.vendor_display_name.is_empty() || long(&entry.vendor_display_name, 200),
            "the vendor's name must be 1 to 200 characters".to_owned(),
        ),
        (!is_id(&entry.product.product_id), format!("product_id {id_rule}")),
        (
            entry.product.name.is_empty() || long(&entry.product.name, 200),
            "the product's name must be 1 to 200 characters".to_owned(),
        ),
        (long(&entry.product.description, 10_000), "description must be at most 10000 characters".to_owned()),
        (
            entry.product.image_url.as_ref().is_some_and(|url| long(url, 2000)),
            "image_url must be at most 2000 characters".to_owned(),
        ),
        (entry.variant_id.as_ref().is_some_and(|id| !is_id(id)), format!("variant_id {id_rule}")),
        (entry.sku.is_empty() || long(&entry.sku, 100), "sku must be 1 to 100 characters".to_owned()),
        (long(&entry.title, 200), "title must be at most 200 characters".to_owned()),
        (
            !(0..=PRICE_MINOR_MAX).contains(&entry.unit_price_minor),
            "the price must be 0 to 10 million rupees".to_owned(),
        ),
        (entry.stock.is_some_and(|stock| stock < 0), "stock must not be negative".to_owned()),
    ];
    let broken = rules.into_iter().filter(|(is_broken, _)| *is_broken);
    broken.map(|(_, message)| Complaint { line: entry.line, message }).collect()
}

fn is_id(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._~-".contains(&byte))
}

/// What two lines say differently of the same thing, or say twice.
fn contradictions(entries: &[CatalogueEntry]) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    let mut skus = BTreeSet::new();
    let mut variant_ids = BTreeSet::new();
    let mut vendors = BTreeMap::new();
    let mut products = BTreeMap::new();
    for entry in entries {
        let mut complain = |message: String| complaints.push(Complaint { line: entry.line, message });
        if !skus.insert(&entry.sku) {
            complain(format!("sku `{}` is there twice", entry.sku));
        }
        if entry.variant_id.as_ref().is_some_and(|id| !variant_ids.insert(id)) {
            complain("variant_id is there twice".to_owned());
        }
        if *vendors.entry(&entry.vendor_id).or_insert(&entry.vendor_display_name)
            != &entry.vendor_display_name
        {
            complain(format!("vendor `{}` has another name on an earlier line", entry.vendor_id));
        }
        let product = (&entry.vendor_id, &entry.product);
        if *products.entry(&entry.product.product_id).or_insert(product) != product {
            complain(format!(
                "product `{}` is described otherwise on an earlier line",
                entry.product.product_id
            ));
        }
    }
    complaints
}
