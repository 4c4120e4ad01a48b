//! Published examples of national numbers, and numbers that are none.
//!
//! Where an authority prints no example, the one of python-stdnum 2.2 (the doctests of its modules) is taken: its authors
//! read the same rules.

use super::super::chars::is_digit;
use super::*;

fn digits(text: &str) -> Vec<u8> {
    text.bytes().filter(u8::is_ascii_digit).map(|byte| byte - b'0').collect()
}

fn rules(text: &str, countries: &[&str]) -> Vec<(&'static str, String)> {
    let at = text.find(is_digit).unwrap();
    let run = text[at..].bytes().take_while(u8::is_ascii_digit).count();
    let (hints, mut out) = (Hints { countries }, Vec::new());
    let window = Window::read(text, at);
    if !window.groups().is_empty() {
        find(text, &window, &hints, &mut out);
    }
    find_lettered(text, at, run, &hints, &mut out);
    out.iter().map(|span| (span.rule, text[span.start as usize..span.end as usize].to_owned())).collect()
}

#[test]
fn south_african_id_of_the_public_service() {
    // Western Cape Government, "Decoding your South African ID number": 800101 5009 087.
    assert!(is_za_id(&digits("8001015009087")));
    assert!(!is_za_id(&digits("8001015009088")));
    assert!(!is_za_id(&digits("8013015009084")));
}

#[test]
fn aadhaar_of_the_specification() {
    // UIDAI, "Aadhaar authentication API", test residents: 9999 4105 7058 and 9999 7165 8847.
    assert!(is_aadhaar(&digits("999941057058")));
    assert!(is_aadhaar(&digits("999971658847")));
    assert!(!is_aadhaar(&digits("999971658846")));
    assert!(!is_aadhaar(&digits("099941057058")));
}

#[test]
fn cpf_and_cnpj_have_two_check_digits() {
    // python-stdnum, `br.cpf` and `br.cnpj`: 390.533.447-05, 16.727.230/0001-97.
    assert!(is_cpf(&digits("390.533.447-05")));
    assert!(!is_cpf(&digits("231.002.999-00")));
    assert!(is_cnpj(&digits("16.727.230/0001-97")));
    assert!(is_cpf(&digits("111.444.777-35")));
    assert!(!is_cpf(&digits("111.444.777-36")));
    assert!(!is_cpf(&digits("111.111.111-11")));
    assert!(is_cnpj(&digits("11.222.333/0001-81")));
    assert!(!is_cnpj(&digits("11.222.333/0001-82")));
}

#[test]
fn bsn_has_its_proof_by_eleven() {
    // python-stdnum, `nl.bsn`: 1112.22.333 holds, 1112.52.333 does not.
    assert!(!is_bsn(&digits("111252333")));
    assert!(is_bsn(&digits("111222333")));
    assert!(is_bsn(&digits("123456782")));
    assert!(!is_bsn(&digits("123456783")));
}

#[test]
fn pesel_of_the_encyclopedia() {
    // Wikipedia, "PESEL", worked example, and python-stdnum, `pl.pesel`: 44051401359; 02381307589 has no date.
    assert!(is_pesel(&digits("02211307589")));
    assert!(!is_pesel(&digits("02381307589")));
    assert!(is_pesel(&digits("44051401359")));
    assert!(!is_pesel(&digits("44051401358")));
    assert!(!is_pesel(&digits("44131401353")));
}

#[test]
fn personnummer_of_the_tax_agency() {
    // Skatteverket, SKV 704: 640823-3234; with 60 added to the day, 640883-3231. python-stdnum: 880320-0016.
    assert!(is_personnummer(&digits("880320-0016")));
    assert!(!is_personnummer(&digits("880320-0018")));
    assert!(is_personnummer(&digits("640823-3234")));
    assert!(is_personnummer(&digits("640883-3231")));
    assert!(is_personnummer(&digits("19640823-3234")));
    assert!(!is_personnummer(&digits("640823-3235")));
    assert_eq!(rules("100101+0002", &["SE"]).len(), usize::from(is_personnummer(&digits("1001010002"))));
}

#[test]
fn numbers_with_letters() {
    for (text, country, rule) in [
        // python-stdnum, `es.dni` and `es.nie`: 54362315-K, X-2482300-W; 12345678Z is what forms print.
        ("54362315-K", "ES", "es_dni"),
        ("X-2482300-W", "ES", "es_nie"),
        ("12345678Z", "ES", "es_dni"),
        ("12.345.678-Z", "ES", "es_dni"),
        ("X1234567L", "ES", "es_nie"),
        ("X-1234567-L", "ES", "es_nie"),
        // python-stdnum, `it.codicefiscale`; RSSMRA85T10A562S is what forms print.
        ("RCCMNL83S18D969H", "", "it_codice_fiscale"),
        ("RSSMRA85T10A562S", "", "it_codice_fiscale"),
        // Digi- ja väestötietovirasto: 131052-308T.
        ("131052-308T", "", "fi_hetu"),
        ("131052A308T", "", "fi_hetu"),
        // The specimen of the carte Vitale; python-stdnum, `fr.nir`.
        ("2 95 10 99 126 111 93", "FR", "fr_nir"),
        ("2 53 07 2B 073 004 70", "FR", "fr_nir"),
        ("2 53 07 2A 073 004 43", "FR", "fr_nir"),
        ("2 69 05 49 588 157 80", "FR", "fr_nir"),
    ] {
        assert_eq!(rules(text, &[country]), [(rule, text.to_owned())], "{text}");
    }
    for text in [
        "12345678A",
        "12345678ZZ",
        "X1234567M",
        "RSSMRA85T10A562T",
        "131052-308U",
        "321352-308T",
        "2 69 05 49 588 157 81",
    ] {
        assert_eq!(rules(text, &["ES", "FR", "FI", "IT"]), [], "{text}");
    }
}

#[test]
fn companies_of_brazil_have_letters_since_2026() {
    // Receita Federal, "CNPJ alfanumérico": 12.ABC.345/01DE-35.
    let text = "CNPJ 12.ABC.345/01DE-35.";
    let at = text.rfind("35").unwrap();
    let mut out = Vec::new();
    find_lettered(text, at, 2, &Hints { countries: &["BR"] }, &mut out);
    assert_eq!(out.iter().map(|span| &text[span.range()]).collect::<Vec<_>>(), ["12.ABC.345/01DE-35"]);
    for wrong in
        ["12.ABC.345/01DE-36", "12.ABC.345/01De-35", "12.345.678/0001-95", "é2.ABC.345/01DE-35", "01DE-35"]
    {
        out.clear();
        find_lettered(wrong, wrong.rfind('-').unwrap() + 1, 2, &Hints { countries: &["BR"] }, &mut out);
        assert_eq!(out, [], "{wrong}");
    }
}

#[test]
fn a_hyphen_at_the_start_of_a_text_is_no_letter() {
    assert_eq!(rules("-1234567L", &["ES"]), []);
    assert_eq!(rules("1234567L", &["ES"]), []);
}

#[test]
fn corsicans_have_numbers_too() {
    let body = "1850519006084";
    let key = 97 - remainder_97(body.bytes());
    let text = format!("1 85 05 2A 006 084 {key:02}");
    assert_eq!(rules(&text, &["FR"]), [("fr_nir", text.clone())]);
}

#[test]
fn digits_alone_need_the_country_and_a_form_or_a_word() {
    for (bare, word, written, country, rule) in [
        ("8001015009087", "ID number: 8001015009087", "800101 5009 087", "ZA", "za_id"),
        ("999941057058", "आधार 999941057058", "9999 4105 7058", "IN", "in_aadhaar"),
        ("11144477735", "CPF nº 11144477735", "111.444.777-35", "BR", "br_cpf"),
        ("123456782", "BSN 123456782", "1234.56.782", "NL", "nl_bsn"),
        ("6408233234", "personnummer 6408233234", "640823-3234", "SE", "se_personnummer"),
    ] {
        assert_eq!(rules(bare, &[country]), [], "{bare}");
        assert_eq!(rules(word, &["DE"]), [], "{word}");
        assert_eq!(rules(word, &[country]), [(rule, bare.to_owned())], "{word}");
        assert_eq!(rules(written, &[country]), [(rule, written.to_owned())], "{written}");
        assert_eq!(rules(written, &["DE"]), [], "{written}");
    }
    assert_eq!(rules("९९९९ ४१०५ ७०५८", &["IN"]), [("in_aadhaar", "९९९९ ४१०५ ७०५८".to_owned())]);
}
