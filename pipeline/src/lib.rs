//! Kilim.
