#![doc = include_str!("../README.md")]

mod accessibility;
mod chromedriver;
mod console;
mod console_messages;
mod element;
mod middlebox;
mod network;
mod protocol;
mod standings;
mod trouble;
mod waiting;
mod window;
mod world;

pub use accessibility::Finding;
pub use console::Duty;
pub use element::{Element, Role};
pub use middlebox::{Meddling, Middlebox};
pub use standings::STANDINGS;
pub use trouble::FailedJob;
pub use waiting::{SOON, until};
pub use window::{ARROW_DOWN, Colours, ENTER, TAB, Window, WindowOptions};
pub use world::{UNIT_PRICE_MINOR, World};
