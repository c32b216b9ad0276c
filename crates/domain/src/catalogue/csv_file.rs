//! CSV catalogues: one line a variant, with a header line naming the columns.

use csv::StringRecord;
use serde::Deserialize;

use super::file::{CatalogueEntry, Complaint, ProductFields};
use crate::money::paisa_from_rupees;

/// Columns may stand in any order; those that are optional here may be left out or left empty.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CsvRow {
    vendor_id: String,
    vendor_name: String,
    product_id: String,
    product_name: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    image_url: Option<String>,
    #[serde(default)]
    variant_id: Option<String>,
    sku: String,
    #[serde(default)]
    title: String,
    price_rupees: String,
    #[serde(default)]
    is_active: Option<bool>,
    #[serde(default)]
    stock: Option<i32>,
}

pub(super) fn entries(text: &str) -> Result<Vec<CatalogueEntry>, Complaint> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let headers = reader.headers().map_err(|error| complaint(&error, 1, &StringRecord::new()))?.clone();
    let mut entries = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| complaint(&error, 1, &headers))?;
        let line = record.position().map_or(1, csv::Position::line);
        let row: CsvRow =
            record.deserialize(Some(&headers)).map_err(|error| complaint(&error, line, &headers))?;
        entries.push(entry(row, line)?);
    }
    Ok(entries)
}

fn entry(row: CsvRow, line: u64) -> Result<CatalogueEntry, Complaint> {
    let unit_price_minor = paisa_from_rupees(&row.price_rupees)
        .map_err(|error| Complaint { line, message: error.to_string() })?;
    Ok(CatalogueEntry {
        line,
        vendor_id: row.vendor_id,
        vendor_display_name: row.vendor_name,
        product: ProductFields {
            product_id: row.product_id,
            name: row.product_name,
            description: row.description,
            image_url: row.image_url,
            is_active: true,
        },
        variant_id: row.variant_id,
        sku: row.sku,
        title: row.title,
        unit_price_minor,
        is_active: row.is_active.unwrap_or(true),
        stock: row.stock,
    })
}

/// Says which column it is about, where the reader knows.
fn complaint(error: &csv::Error, line: u64, headers: &StringRecord) -> Complaint {
    let line = error.position().map_or(line, csv::Position::line);
    let message = match error.kind() {
        csv::ErrorKind::Deserialize { err, .. } => {
            let index = err.field().and_then(|index| usize::try_from(index).ok());
            match index.and_then(|index| headers.get(index)) {
                Some(column) => format!("{column}: {}", err.kind()),
                None => err.kind().to_string(),
            }
        }
        _ => error.to_string(),
    };
    Complaint { line, message }
}

#[cfg(test)]
mod tests {
    use super::super::{Catalogue, CatalogueFormat};

    const HEADER: &str = "vendor_id,vendor_name,product_id,product_name,sku,title,price_rupees,stock";

    fn read(lines: &[&str]) -> Result<Catalogue, super::super::ReadError> {
        let text = std::iter::once(HEADER).chain(lines.iter().copied()).collect::<Vec<_>>().join("\n");
        Catalogue::read(&text, CatalogueFormat::Csv)
    }

    #[test]
    fn rows_are_variants_and_optional_columns_may_be_empty() {
        let catalogue = read(&[
            "v1,Gardens,tea,\"Tea, Ilam\",TEA-1,,250,",
            "v1,Gardens,tea,\"Tea, Ilam\",TEA-2,Big,1.5,9",
        ])
        .unwrap();
        let [first, second] = catalogue.entries() else { panic!("two variants") };
        assert_eq!(
            (first.product.name.as_str(), first.unit_price_minor, first.stock),
            ("Tea, Ilam", 25_000, None)
        );
        assert_eq!((second.title.as_str(), second.unit_price_minor, second.stock), ("Big", 150, Some(9)));
    }

    #[test]
    fn complaints_name_their_line() {
        let good = "v1,Gardens,tea,Tea,TEA-1,,250,1";
        for (bad, expected) in [
            ("v1,Gardens,tea,Tea,TEA-2,,ten,1", "line 3: `ten` is not an amount"),
            ("v1,Gardens,tea,Tea,TEA-2,,1,-1", "line 3: stock must not be negative"),
            ("v1,Gardens,tea,Tea,TEA-2,,1,many", "line 3: stock: invalid digit"),
            ("v1,Gardens,tea,Tea", "line 3: CSV error"),
            ("v1,Gardens,tea,Tea,TEA-2,,,1", "line 3: `` is not an amount"),
            ("v1,Forests,tea,Tea,TEA-2,,1,1", "line 3: vendor `v1` has another name"),
            ("v1,Gardens,tea,Coffee,TEA-2,,1,1", "line 3: product `tea` is described otherwise"),
        ] {
            let error = read(&[good, bad]).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
        }
    }
}
