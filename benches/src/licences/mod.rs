//! What a page says about its licence, and how that compares with labels that raters gave.

pub mod labels;
pub mod score;

use std::path::Path;

use anyhow::Result;
use kilim::document::{LicenseEvidence, Page, Record};
use kilim::step::{DocumentStep, DocumentStepConfig, Resources};
use kilim::steps::extract_html::ExtractHtml;
use kilim::steps::tag_license::{Exceptions, TagLicense};
use kilim_connectors::charset::decode;

use crate::fixtures::FixturePage;

/// What the step found on a page.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// `license`.
    pub license: Option<String>,
    /// `license` with `exceptions: accept`.
    pub with_exceptions: Option<String>,
    /// `license_tier`.
    pub tier: u8,
    /// `license_evidence`.
    pub evidence: Vec<LicenseEvidence>,
}

/// The steps `extract_html` and `tag_license` as a corpus runs them.
pub struct Reader {
    extract: Box<dyn DocumentStep>,
    refuse: Box<dyn DocumentStep>,
    accept: Box<dyn DocumentStep>,
}

impl Reader {
    /// Makes the steps ready.
    pub fn new() -> Result<Self> {
        let resources = Resources::new(Path::new("."));
        Ok(Self {
            extract: ExtractHtml::default().build(&resources)?,
            refuse: TagLicense { exceptions: Exceptions::Refuse, hosts: None }.build(&resources)?,
            accept: TagLicense { exceptions: Exceptions::Accept, hosts: None }.build(&resources)?,
        })
    }

    /// Reads a page.
    pub fn read(&mut self, page: &FixturePage) -> Found {
        let host = page.url.split("://").nth(1).and_then(|rest| rest.split(['/', ':', '?']).next());
        let tld = host.and_then(|host| host.rsplit('.').next());
        let html = decode(&page.body, page.charset.as_deref(), tld).text;
        let record = Record {
            url: &page.url,
            host: host.unwrap_or_default(),
            content_type: "text/html",
            html: &html,
            ..Record::default()
        };
        let mut document = Page { record, ..Page::default() };
        self.extract.apply(&mut document);
        self.accept.apply(&mut document);
        let with_exceptions = document.license.take();
        self.refuse.apply(&mut document);
        Found {
            license: document.license,
            with_exceptions,
            tier: document.license_tier,
            evidence: document.license_evidence,
        }
    }
}
