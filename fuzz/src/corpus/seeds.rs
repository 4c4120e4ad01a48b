//! Seed lists of every kind.

use super::text::TEXTS;
use super::{Sample, sample};

pub(super) fn samples() -> Vec<Sample> {
    let mut markdown = String::from(
        "# Web Language: Kiswahili\n\nAdditional names:\n- https://example.org/jina\n\nNews:\n\n### Kenya\n\
         - https://example.co.ke (gazeti)\n- <https://www.example.or.tz/habari>\n- [Redio](https://example.tz/a_(b))\n\
         - <a href=\"https://example.org/x\">Bible</a> ISO 15924 Latn\n- hakuna kiungo\n- https://sw.wikipedia.org\n\n\
         Other:\n- www.example.go.tz, serikali\n",
    );
    let mut table = String::from(
        "url,languages,country,steward,license,basis,training_ok,evidence,mode,personal,community,note\n",
    );
    let mut lines = String::new();
    for (language, tld, _, text) in TEXTS {
        let language = &language[..3];
        markdown.extend([format!("- https://mfano.{tld}/{language} {text}\n")]);
        table.extend([format!(
            "https://mfano.{tld}/{language}/?q=1,{language};swa,{tld},,CC-BY-4.0,owner,y,https://mfano.{tld}/c,local-only,n,,\"{text}\"\n"
        )]);
        lines.extend([format!(
            "{{\"url\":\"mfano.{tld}:8080/{language}.html\",\"languages\":[\"{language}\"],\"country\":\"{tld};KE\",\"personal\":true,\"note\":\"{text}\"}}\n"
        )]);
    }
    markdown.push_str(
        "\nAdditional Information:\n- ISO-639-3 code: SWH\n\n## Instructions\n- https://example.net\n",
    );
    vec![
        sample("web-languages.md", markdown),
        sample(
            "headings.md",
            "## News\n### مصر\n- <https://example.eg>\n- ISO-639-3 code: arb\n## Scripts\n- https://example.org\n",
        ),
        sample("table.csv", table),
        sample(
            "odd.csv",
            "\u{feff}Website,Rangi,Scope\nexample.co.ke/a,bluu,page\n,x\na,b,c,d\nhttps://உதாரணம்.இந்தியா/,,labda\n\"x\ny\",,\n",
        ),
        sample("semicolons.csv", "url;lang\nhttps://example.gr;\"ell;grc\"\nhttp://192.168.0.1/;ell\n"),
        sample("tabs.tsv", "lang\turl\namh\thttps://example.et/ዜና\n"),
        sample("no-url.csv", "jina,lugha\nx,swa\n"),
        sample("lines.jsonl", lines),
        sample(
            "odd.jsonl",
            "si json\n\n{\"url\":\"https://example.org\",\"languages\":[1]}\n{\"url\":\"ftp://example.org\"}\n{\"rangi\":1,\"url\":\"https:///x.ke\"}\n[]\n",
        ),
        sample(
            "full.jsonl",
            "{\"url\":\"https://example.co.ke/habari/\",\"scope\":\"host\",\"languages\":[\"swa\",\"luo\"],\"section\":\"Habari > Kenya\",\"country_claims\":[\"KE\",\"TZ\"],\"steward\":\"baraza\",\"license\":\"CC-BY-4.0\",\"license_basis\":\"permission\",\"training_ok\":\"n\",\"evidence_url\":\"https://example.co.ke/idhini\",\"mode\":\"participant-private\",\"personal\":false,\"community\":[\"taita\"],\"seed_id\":\"x\"}\n",
        ),
    ]
}
