//! JSON catalogues: a list of products, each with its vendor and variants.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::file::{CatalogueEntry, Complaint, ProductFields};
use crate::money::paisa_from_rupees;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JsonProduct<'a> {
    product_id: String,
    name: String,
    #[serde(default)]
    description: String,
    image_url: Option<String>,
    #[serde(default = "yes")]
    is_active: bool,
    vendor: JsonVendor,
    #[serde(borrow)]
    variants: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JsonVendor {
    vendor_id: String,
    display_name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JsonVariant {
    variant_id: Option<String>,
    sku: String,
    #[serde(default)]
    title: String,
    unit_price_minor: Option<i64>,
    price_rupees: Option<String>,
    #[serde(default = "yes")]
    is_active: bool,
    stock: Option<i32>,
}

const fn yes() -> bool {
    true
}

pub(super) fn entries(text: &str) -> Result<Vec<CatalogueEntry>, Complaint> {
    let raw_products: Vec<&RawValue> = parse(text, 1)?;
    let mut entries = Vec::new();
    for raw in raw_products {
        let line = line_of(raw, text);
        let product: JsonProduct<'_> = parse(raw.get(), line)?;
        if product.variants.is_empty() {
            return Err(Complaint { line, message: "a product needs at least one variant".to_owned() });
        }
        for raw_variant in &product.variants {
            entries.push(entry(&product, raw_variant, line_of(raw_variant, text))?);
        }
    }
    Ok(entries)
}

fn entry(product: &JsonProduct<'_>, raw: &RawValue, line: u64) -> Result<CatalogueEntry, Complaint> {
    let variant: JsonVariant = parse(raw.get(), line)?;
    let unit_price_minor = match (variant.unit_price_minor, &variant.price_rupees) {
        (Some(paisa), None) => paisa,
        (None, Some(rupees)) => {
            paisa_from_rupees(rupees).map_err(|error| Complaint { line, message: error.to_string() })?
        }
        (Some(_), Some(_)) | (None, None) => {
            let message =
                "give one of unit_price_minor (a number, in paisa) and price_rupees (a text)".to_owned();
            return Err(Complaint { line, message });
        }
    };
    Ok(CatalogueEntry {
        line,
        vendor_id: product.vendor.vendor_id.clone(),
        vendor_display_name: product.vendor.display_name.clone(),
        product: ProductFields {
            product_id: product.product_id.clone(),
            name: product.name.clone(),
            description: product.description.clone(),
            image_url: product.image_url.clone(),
            is_active: product.is_active,
        },
        variant_id: variant.variant_id,
        sku: variant.sku,
        title: variant.title,
        unit_price_minor,
        is_active: variant.is_active,
        stock: variant.stock,
    })
}

/// Parses a part of the file that begins on `first_line`.
fn parse<'a, T: Deserialize<'a>>(part: &'a str, first_line: u64) -> Result<T, Complaint> {
    serde_json::from_str(part).map_err(|error| {
        let lines_down = u64::try_from(error.line()).unwrap_or(1).saturating_sub(1);
        let message = error.to_string();
        let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(said, _)| said).to_owned();
        Complaint { line: first_line + lines_down, message }
    })
}

/// The line on which a part, borrowed from the text, begins.
fn line_of(part: &RawValue, text: &str) -> u64 {
    let offset = part.get().as_ptr().addr().saturating_sub(text.as_ptr().addr());
    let before = text.as_bytes().get(..offset).unwrap_or_default();
    1 + u64::try_from(before.iter().filter(|byte| **byte == b'\n').count()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::super::{Catalogue, CatalogueFormat};

    const PRODUCT: &str = r#"[
  {"product_id": "tea", "name": "Ilam tea", "vendor": {"vendor_id": "v1", "display_name": "Gardens"},
   "variants": [
     {"sku": "TEA-100", "title": "100 g", "price_rupees": "250.50", "stock": 7},
     {"sku": "TEA-500", "unit_price_minor": 110000}
   ]}
]"#;

    #[test]
    fn products_are_read_with_prices_in_paisa() {
        let catalogue = Catalogue::read(PRODUCT, CatalogueFormat::Json).unwrap();
        let [first, second] = catalogue.entries() else { panic!("two variants") };
        assert_eq!((first.unit_price_minor, first.stock, first.line), (25_050, Some(7), 4));
        assert_eq!((second.unit_price_minor, second.stock, second.line), (110_000, None, 5));
    }

    #[test]
    fn complaints_name_their_line() {
        for (from, to, expected) in [
            (r#""stock": 7"#, r#""stok": 7"#, "line 4: unknown field `stok`"),
            (r#""250.50""#, r#""250.505""#, "line 4: `250.505` is not an amount"),
            ("TEA-500", "TEA-100", "line 5: sku `TEA-100` is there twice"),
            (r#""tea""#, r#""te a""#, "line 4: product_id must be"),
            (r#", "unit_price_minor": 110000"#, "", "line 5: give one of"),
            ("]}\n]", "]}", "line 6: EOF"),
        ] {
            let error = Catalogue::read(&PRODUCT.replace(from, to), CatalogueFormat::Json).unwrap_err();
            assert!(error.to_string().starts_with(expected), "{error}");
        }
    }
}
