//! Files of hosts that say who may do what: each kind, and each of their lines.

use super::{Sample, sample};

pub(super) fn samples() -> Vec<Sample> {
    vec![
        sample(
            "plain",
            "User-agent: *\nDisallow: /admin/\nAllow: /admin/wazi\nSitemap: https://mfano.co.ke/s.xml\n",
        ),
        sample(
            "groups",
            "User-agent: CCBot/2.0\r\nUser-agent: GPTBot\r\nDisallow: /\r\n\r\nuser-agent: ai2bot\rcrawl-delay: 5\r\
             disallow: /a*b*c$\rallow: /a\r\r\nUser-Agent: *\nDisallow:\n",
        ),
        sample(
            "statements",
            "Content-Usage: search=y\nUser-agent: CCBot\nContent-Usage: train-ai=n\nUser-agent: GPTBot\nDisallow: /\n\
             Content-Signal: search=yes,ai-train=no\nContent-Usage: /wazi train-ai=y\nLicense: https://mfano.co.ke/rsl.xml\n",
        ),
        sample(
            "encoded",
            "\u{feff}User-agent: *\nDisallow: /செய்தி/\nAllow: /%62%61z\nDisallow: /bei-%24%2a\n# ሐሳብ\n",
        ),
        sample(
            "forgiving",
            "useragent *\ndissallow /x\nallow /x/index.html\nhuh\nuser agent: foo bar\ndisallow: /\n",
        ),
        sample("html", "<!DOCTYPE html><title>404</title><p>Disallow: /"),
        sample(
            "tdmrep",
            r#"[{"location":"/picha/*.jpg$","tdm-reservation":0},{"location":"/","tdm-reservation":1,"tdm-policy":"https://mfano.in/p"}]"#,
        ),
        sample(
            "rsl",
            "<?xml version=\"1.0\"?><rsl xmlns=\"https://rslstandard.org/rsl\"><content url=\"/\"><license>\
             <permits type=\"usage\">search</permits><payment type=\"training\"/></license></content>\
             <content url=\"https://mfano.gr/νέα/*\"><license><permits type=\"usage\">all</permits></license></content></rsl>",
        ),
        sample("header", "googlebot: noai, noindex, ccbot: noimageai, max-snippet: 3"),
        sample("usage", "search=y, train-ai=n;x=\"y\", a=(b c), d=:AAAA:"),
    ]
}
