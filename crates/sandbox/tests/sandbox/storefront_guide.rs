//! `docs/storefront.md` speaks of what is there.

use std::{fs, path::Path};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

fn guide() -> String {
    fs::read_to_string(Path::new(ROOT).join("docs/storefront.md")).unwrap()
}

#[test]
fn every_function_that_the_guide_names_is_exported_by_the_file_it_names() {
    let guide = guide();
    let mut named = 0;
    for row in guide.lines().filter(|line| line.starts_with("| [")) {
        let file = row.split("](../").nth(1).unwrap().split(')').next().unwrap();
        let function = row.split('`').nth(1).unwrap();
        let script = fs::read_to_string(Path::new(ROOT).join(file)).unwrap_or_else(|_| panic!("no {file}"));
        let exported = [format!("export function {function}("), format!("export async function {function}(")];
        assert!(exported.iter().any(|start| script.contains(start)), "{file} does not export {function}");
        named += 1;
    }
    assert!(named >= 10, "the guide's tables are not read: {named}");
}

#[test]
fn every_file_that_the_guide_links_to_exists() {
    for link in guide().split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
        assert!(Path::new(ROOT).join("docs").join(link).exists(), "{link}");
    }
}

#[test]
fn the_guide_s_request_is_the_one_that_the_shop_sends() {
    let guide = guide();
    let body = guide.split("```json\n").nth(1).unwrap().split("```").next().unwrap();
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    let page =
        fs::read_to_string(Path::new(ROOT).join("crates/sandbox/templates/shop/checkout.html")).unwrap();
    for field in body["shipping_address"].as_object().unwrap().keys() {
        assert!(page.contains(&format!("name=\"{field}\"")), "{field}");
    }
    assert!(page.contains(&format!("value=\"{}\"", body["provider"].as_str().unwrap())));
}

#[test]
fn the_guide_and_the_shop_know_the_same_refusals() {
    let guide = guide();
    let scripts = ["refusals.js", "checkout.js"].map(|name| {
        fs::read_to_string(Path::new(ROOT).join("crates/sandbox/assets/shop").join(name)).unwrap()
    });
    let table = guide.split("| refused with |").nth(1).unwrap().split("\n\n").next().unwrap();
    let codes =
        table.lines().skip(2).flat_map(|row| row.split('|').nth(1).unwrap().split('`').skip(1).step_by(2));
    for code in codes {
        assert!(scripts.iter().any(|script| script.contains(&format!("\"{code}\""))), "{code}");
    }
}
