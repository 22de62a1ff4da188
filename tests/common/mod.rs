//! Shared by the native tests and those in browsers.

// Each test binary uses its part.
#![allow(dead_code)]

pub mod doodle;
pub mod golden;
pub mod shapes;
