//! Paperwork of a finished version: what others ask to be told about a dataset, in their own forms.

pub mod portrait;
