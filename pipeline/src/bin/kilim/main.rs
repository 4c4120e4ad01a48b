//! The `kilim` command.
fn main() {}
