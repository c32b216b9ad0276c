//! What is sold: shown to shoppers, put in from a merchant's file.

mod csv_file;
mod file;
mod import;
mod json_file;
mod list_products;

pub use file::{Catalogue, CatalogueEntry, CatalogueFormat, Complaint, ReadError};
pub use import::{ImportError, ImportMode, ImportReport, StockChange, import};
pub use list_products::{Product, ProductPage, Variant, list_products};
