//! Pages, good and bad.

use super::text::TEXTS;
use super::{Sample, sample};

pub(super) fn samples() -> Vec<Sample> {
    let mut samples: Vec<Sample> = TEXTS
        .iter()
        .map(|(language, _, _, text)| {
            let paragraph = format!("<p>{}</p>", format!("{text} ").repeat(4));
            let page = format!(
                "<!doctype html><html lang={language}><head><title>{text}</title><meta charset=utf-8></head><body>\
                 <nav><ul><li><a href=/>x</a><li><a href=/y>y</a></ul></nav><article><h1>{text}</h1>{paragraph}\
                 <h2>{text}</h2>{paragraph}<ul><li>{text}<li>{text}</ul></article><footer>&copy; 2026</footer></body></html>"
            );
            sample(language, page)
        })
        .collect();
    let unclosed = |tags: &str, count: usize| format!("{}ሰላም", tags.repeat(count));
    samples.extend([
        sample("notice", "<title>x</title><nav>Menyu</nav><p>Ofisi imefungwa leo."),
        sample("deep", unclosed("<div>", 80)),
        sample("fonts", format!("{}{}", unclosed("<font size=1 color=red>", 20), "<p>你好".repeat(20))),
        sample("anchors", "<a href=1><table><a href=2><tr><td><a href=3></table>Γειά<a>".repeat(3)),
        sample("tables", "<table><tr><td><table><tbody><td>x<th>y</table><caption>z<p>नमस्ते".repeat(3)),
        sample("lists", "<ul><li><ol><li>a<dl><dt>b<dd>c</ul><li>สวัสดี".repeat(3)),
        sample("foreign", "<svg><g/><foreignObject><p>x</svg><math><mi/><annotation-xml encoding=text/html><b>y</math>வணக்கம்"),
        sample("raw", "<script>if (a<b) '</div>'</script><style>a{}</style><textarea></p></textarea><title><b></title><!-- <p> -->مرحبا<xmp><p></xmp>"),
        sample("plaintext", "<p>안녕<plaintext><div></plaintext>"),
        sample("select", "<select><option>a<optgroup><option>b<select><p>c<input><frameset><frame>"),
        sample("template", "<template><tr><td>x</template><noscript><p>こんにちは</noscript><iframe><p></iframe>"),
        sample("entities", "&lt;&nGt;&#x110000;&#0;&notin;&ampx;&acE;&#150;&bogus;".repeat(3)),
        sample("attributes", format!("<p{}>x", (0..60).fold(String::new(), |all, n| all + &format!(" a{n}=\"{n}\"")))),
        sample("marks", "<a rel=license href=https://creativecommons.org/licenses/by/4.0/>CC</a><meta name=robots content=noai>\
            <script type=application/ld+json>{\"@type\":\"Article\",\"license\":\"https://creativecommons.org/publicdomain/zero/1.0/\"}</script><p>Habari\
            <p itemscope itemtype=https://schema.org/Article><i itemprop=license>CC BY 4.0</i><footer about=x>© All rights reserved, CC BY-NC 3.0 DE"),
        sample("broken", "<<p <b a='x\"></b//><!doctype><?php ?><![CDATA[x]]></br></p><p/ ><a\u{0}b>"),
        sample("headings", "<h1>a<h2>b</h1><p><b><i><u>c</b>d</i>e</u><nobr><nobr>f<button><button>g"),
    ]);
    samples
}
