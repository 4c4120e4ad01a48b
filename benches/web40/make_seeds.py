#!/usr/bin/env python3
"""Writes seeds.csv: one seed per host of the benchmark crawl, with the countries a steward would name for it.

    python3 make_seeds.py path/to/web-40mb.pages.tsv > seeds.csv

Three tables decide, in this order, and each seed's `section` says which one did:

  stated    HOSTS: who publishes the host, looked up by hand
  language  made hosts that carry a language code (seed-ace-latn.example, udhr-amh.example): where most of its
            speakers live
  suffix    the host's country-code suffix, where that suffix is not sold to the whole world
  declared  what is left: the language the host's own pages declare, only where one country is the safe guess

The last table is a guess, and a language is no law: a real steward names countries because they know, not because a
page says `lang="de"`. For measuring it does: what matters is that about as many hosts carry a claim as a community
list would give. Hosts that no table knows get no seed, as in life.

The output holds host names and countries, no page data. The same input gives the same bytes. The coverage goes to
stderr; below 90 % of the hosts the script fails.
"""

import collections
import csv
import re
import sys
from urllib.parse import urlsplit

HEADER = (
    "url,languages,countries,steward,license,license_basis,training_ok,evidence_url,mode,personal,community,section,note"
).split(",")

# Licences that the publisher states for the whole site; SPDX ids.
LICENSES = {
    "site-african-storybook.example": "CC-BY-4.0",
    "site-gitdocs.example": "GPL-2.0-only",
    "site-httpd-manual.example": "Apache-2.0",
    "site-mdn-archived.example": "CC-BY-SA-2.5",
    "site-progit.example": "CC-BY-NC-SA-3.0",
}
OLDI_LICENSE = "CC-BY-SA-4.0"  # all of the seed-*.example hosts

# Who publishes the host. The made hosts `site-*.example` stand for the site they were taken from.
HOSTS = {
    # Sites of the benchmark: MDN (Mozilla), Pro Git and Git's manual (git-scm), Creative Commons, Apache, W3C, r12a
    # (an editor at W3C, in Britain), Vue's and Rust's translations, OmegaT, African Storybook (Saide, South Africa).
    "site-mdn-archived.example": "US",
    "site-progit.example": "US",
    "site-gitdocs.example": "US",
    "site-cc-legalcode.example": "US",
    "site-httpd-manual.example": "US",
    "site-w3c-i18n.example": "US",
    "site-r12a-scripts.example": "GB",
    "site-r12a-io.example": "GB",
    "site-african-storybook.example": "ZA",
    "global-asp.github.io": "ZA",
    "site-omegat.example": "NL",
    "site-rustbook-ja.example": "JP",
    "site-rustbook-ko.example": "KR",
    "site-rustbook-zh.example": "CN",
    "site-vue-kr.example": "KR",
    "site-vue-ru.example": "RU",
    "misc-wikimedia-cx.example": "US",
    "gold-gne-zh.example": "CN",
    # Suffixes sold to the whole world, and publishers abroad.
    "linear.app": "US",
    "stackoverflow.blog": "US",
    "www.elliptic.co": "GB",
    "huggingface.co": "US",
    "www.nucamp.co": "US",
    "blog.amp.dev": "US",
    "react.dev": "US",
    "4dayweek.io": "GB",
    "kubernetes.io": "US",
    "telegra.ph": "AE",
    "dropbox.tech": "US",
    "www.searchlight.vc": "VC",
    "www.kentnews.online": "GB",
    "www.actualno.com": "BG",
    "www.almadenahnews.com": "JO",
    "www.amarujala.com": "IN",
    "beyssonmanagement.com": "DE",
    "bumsbutzener-gumpfen.blogspot.com": "DE",
    "talleresgrana.blogspot.com": "ES",
    "www.channel4.com": "GB",
    "www.cherryservers.com": "LT",
    "www.chessbazaar.com": "IN",
    "arabic.cnn.com": "US",
    "m.daejonilbo.com": "KR",
    "www.damcogroup.com": "IN",
    "damiengwalter.com": "GB",
    "der-farang.com": "TH",
    "www.devonshireperfectevents.com": "GB",
    "diario1.com": "SV",
    "dynamicbusiness.com": "AU",
    "www.economist.com": "GB",
    "www.edilportale.com": "IT",
    "www.elcolombiano.com": "CO",
    "sociedad.elpais.com": "ES",
    "www.eltiempo.com": "CO",
    "fogsmagazin.com": "DE",
    "www.guatemala.com": "GT",
    "www.gymshark.com": "GB",
    "www.hola.com": "ES",
    "www.ikea.com": "SE",
    "timesofindia.indiatimes.com": "IN",
    "www.ladbible.com": "GB",
    "www.landwirt.com": "AT",
    "lenouvelliste.com": "HT",
    "www.mesopinions.com": "FR",
    "www.motorsport-total.com": "DE",
    "www.mumsnet.com": "GB",
    "nationwideradiojm.com": "JM",
    "www.nescafe.com": "IN",
    "o7therapy.com": "EG",
    "www.onepagecrm.com": "IE",
    "blog.pangeanic.com": "ES",
    "forum.prestashop.com": "FR",
    "de.starsinsider.com": "PT",
    "tonedeaf.thebrag.com": "AU",
    "www.theguardian.com": "GB",
    "thequietus.com": "GB",
    "www.tribune242.com": "BS",
    "www.tribunnews.com": "ID",
    "www.unocero.com": "MX",
    "uk.yahoo.com": "GB",
    "www.wareable.com": "GB",
    "www.songkick.com": "GB",
    "www.dpconline.org": "GB",
    "de.happycoffee.org": "DE",
    "www.freiheit.org": "DE",
    "cric-grenoble.info": "FR",
    "www.oekologisch-bauen.info": "DE",
    "wir-empfehlen.info": "DE",
    "www.eurogamer.net": "GB",
    "www.kath.net": "AT",
    "www.larepublica.net": "CR",
    "stevenhgm.pixnet.net": "TW",
    "vnexpress.net": "VN",
    "zaxid.net": "UA",
    "www.handball-world.news": "DE",
    "www.energiezukunft.eu": "DE",
    # Well-known American publishers whose pages declare no language.
    "www.allrecipes.com": "US",
    "www.avclub.com": "US",
    "web.archive.org": "US",
    "money.cnn.com": "US",
    "sports.espn.go.com": "US",
    "scholar.google.com": "US",
    "marketingland.com": "US",
    "www.bizjournals.com": "US",
    "www.sfgate.com": "US",
    "www.slate.com": "US",
    "www.startuplessonslearned.com": "US",
    "chinatalk.substack.com": "US",
    "garymarcus.substack.com": "US",
    "www.theatlantic.com": "US",
    "gma.yahoo.com": "US",
    "www.c2es.org": "US",
}

# Where most speakers of a language live, for hosts that carry a code; ISO 639-3.
LANGUAGE_COUNTRY = {
    "abk": "GE", "ace": "ID", "acu": "EC", "ady": "RU", "agr": "PE", "alt": "RU", "amh": "ET", "arn": "CL",
    "ary": "MA", "arz": "EG", "ast": "ES", "auv": "FR", "ayr": "BO", "azj": "AZ", "bam": "ML", "ban": "ID",
    "bba": "BJ", "bem": "ZM", "bho": "IN", "bin": "NG", "bis": "VU", "bjn": "ID", "btb": "CM", "bug": "ID",
    "bvi": "SS", "cak": "GT", "ceb": "PH", "ces": "CZ", "chr": "US", "chv": "RU", "cic": "US", "cmn": "CN",
    "crh": "UA", "ddn": "BJ", "deu": "DE", "dga": "GH", "dik": "SS", "dip": "SS", "dzo": "BT", "eng": "GB",
    "ese": "BO", "fin": "FI", "fra": "FR", "fri": "NL", "fur": "IT", "fuv": "NG", "gaa": "GH", "gjn": "GH",
    "gla": "GB", "gld": "RU", "glv": "IM", "guc": "CO", "gug": "PY", "guu": "VE", "gyr": "BO", "hak": "CN",
    "hau": "NG", "haw": "US", "heb": "IL", "hil": "PH", "hne": "IN", "hns": "SR", "hus": "MX", "ibb": "NG",
    "ibo": "NG", "idu": "NG", "ike": "CA", "ita": "IT", "jav": "ID", "kan": "IN", "kas": "IN", "kaz": "KZ",
    "kbd": "RU", "kek": "GT", "kha": "IN", "kmb": "AO", "knc": "NG", "koi": "RU", "kqs": "GN", "krl": "RU",
    "lat": "VA", "lij": "IT", "lim": "NL", "lit": "LT", "lmo": "IT", "loz": "ZM", "ltg": "LV", "ltz": "LU",
    "lus": "IN", "mag": "IN", "mai": "IN", "mal": "IN", "mfq": "TG", "min": "ID", "mni": "IN", "mri": "NZ",
    "mya": "MM", "nan": "TW", "nbl": "ZA", "nds": "DE", "nku": "CI", "nno": "NO", "nob": "NO", "nqo": "GN",
    "nus": "SS", "nyn": "UG", "oci": "FR", "oki": "KE", "pam": "PH", "pbb": "CO", "pbt": "AF", "pon": "FM",
    "prs": "AF", "qul": "BO", "quy": "PE", "qvh": "PE", "qvn": "PE", "rmn": "RS", "roh": "CH", "ron": "RO",
    "sag": "CF", "san": "IN", "scn": "IT", "sco": "GB", "shn": "MM", "slv": "SI", "sme": "NO", "smo": "WS",
    "spa": "ES", "srd": "IT", "swb": "KM", "swe": "SE", "szl": "PL", "taq": "ML", "tat": "RU", "tbz": "BJ",
    "tel": "IN", "tem": "SL", "toi": "ZM", "toj": "MX", "trn": "BO", "tsn": "BW", "tso": "ZA", "uig": "CN",
    "umb": "AO", "ura": "PE", "vec": "IT", "vep": "RU", "wln": "BE", "xho": "ZA", "xsm": "GH", "yao": "MW",
    "yua": "MX", "yue": "CN", "zgh": "MA",
}

# Country-code suffixes of the file's hosts that are not sold to the whole world.
SUFFIX_COUNTRY = {
    "am": "AM", "ar": "AR", "at": "AT", "ca": "CA", "ch": "CH", "cl": "CL", "cu": "CU", "de": "DE", "fr": "FR",
    "hu": "HU", "in": "IN", "it": "IT", "jp": "JP", "mx": "MX", "nl": "NL", "no": "NO", "pa": "PA", "pl": "PL",
    "py": "PY", "ro": "RO", "tt": "TT", "uk": "GB", "uy": "UY",
}
# American by the registry's own rules.
SUFFIX_COUNTRY.update({"edu": "US", "gov": "US"})

# The declared language of a host's pages, only under these suffixes.
DECLARED_SUFFIXES = {"com", "org", "net"}
DECLARED_COUNTRY = {"en": "US", "en-us": "US", "en-gb": "GB", "de-de": "DE", "de": "DE"}

LABELLED_HOST = re.compile(r"^(seed|udhr)-([a-z]{3})(?:-[a-z0-9-]+)?\.example$")


def seed_of(host, declared):
    """(countries, languages, table) of a host, or None if no table knows it."""
    if host in HOSTS:
        return HOSTS[host], "", "stated"
    labelled = LABELLED_HOST.match(host)
    if labelled and labelled.group(2) in LANGUAGE_COUNTRY:
        return LANGUAGE_COUNTRY[labelled.group(2)], labelled.group(2), "language"
    suffix = host.rsplit(".", 1)[-1]
    if suffix in SUFFIX_COUNTRY:
        return SUFFIX_COUNTRY[suffix], "", "suffix"
    if suffix in DECLARED_SUFFIXES:
        guesses = {DECLARED_COUNTRY.get(tag.lower()) for tag in declared}
        if len(guesses) == 1 and None not in guesses:
            return guesses.pop(), "", "declared"
    return None


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: make_seeds.py PAGES.tsv > seeds.csv")
    pages = collections.Counter()
    declared = collections.defaultdict(set)
    with open(sys.argv[1], encoding="utf-8", newline="") as table:
        for row in csv.DictReader(table, delimiter="\t", quoting=csv.QUOTE_NONE):
            host = urlsplit(row["url"]).hostname
            if host is None:
                continue
            pages[host] += 1
            declared[host].add(row["lang_declared"])

    seeds = {}
    covered_pages = covered_hosts = 0
    by_table = collections.Counter()
    for host in sorted(pages):
        found = seed_of(host, declared[host])
        if found is None:
            continue
        countries, languages, table = found
        covered_hosts += 1
        covered_pages += pages[host]
        by_table[table] += 1
        license_id = LICENSES.get(host) or (OLDI_LICENSE if host.startswith("seed-") else "")
        name = host.removeprefix("www.")  # a seed covers its host with and without www.
        seeds[name] = {
            "url": f"https://{name}/",
            "languages": languages,
            "countries": countries,
            "license": license_id,
            "license_basis": "public" if license_id else "",
            "section": table,
        }

    out = csv.DictWriter(sys.stdout, HEADER, restval="", lineterminator="\n")
    out.writeheader()
    for name in sorted(seeds):
        out.writerow(seeds[name])
    share = covered_hosts / max(1, len(pages))
    tables = ", ".join(f"{table} {count}" for table, count in sorted(by_table.items()))
    print(
        f"{covered_hosts} of {len(pages)} hosts ({share:.1%}) and {covered_pages} of {sum(pages.values())} pages "
        f"carry a country: {tables}",
        file=sys.stderr,
    )
    if share < 0.9:
        sys.exit("fewer than 90 % of the hosts carry a country: a table needs more lines")


if __name__ == "__main__":
    main()
