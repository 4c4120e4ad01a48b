//! Published examples of national numbers, and numbers that are none.

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
fn cpf_and_cnpj_of_the_receita_federal() {
    // The example 111.444.777-35 and 11.222.333/0001-81 of the Receita Federal's routine.
    assert!(is_cpf(&digits("111.444.777-35")));
    assert!(!is_cpf(&digits("111.444.777-36")));
    assert!(!is_cpf(&digits("111.111.111-11")));
    assert!(is_cnpj(&digits("11.222.333/0001-81")));
    assert!(!is_cnpj(&digits("11.222.333/0001-82")));
}

#[test]
fn bsn_of_the_test_set() {
    // RvIG, "Omnummertabel / proefbestand": 111222333 and 123456782 pass the proof.
    assert!(is_bsn(&digits("111222333")));
    assert!(is_bsn(&digits("123456782")));
    assert!(!is_bsn(&digits("123456783")));
}

#[test]
fn pesel_of_the_encyclopedia() {
    // Wikipedia, "PESEL": 44051401359 is the worked example.
    assert!(is_pesel(&digits("44051401359")));
    assert!(!is_pesel(&digits("44051401358")));
    assert!(!is_pesel(&digits("44131401353")));
}

#[test]
fn personnummer_of_the_tax_agency() {
    // Skatteverket, SKV 704: 640823-3234, and as a coordination number 640883-3231.
    assert!(is_personnummer(&digits("640823-3234")));
    assert!(is_personnummer(&digits("640883-3231")));
    assert!(is_personnummer(&digits("19640823-3234")));
    assert!(!is_personnummer(&digits("640823-3235")));
    assert_eq!(rules("100101+0002", &["SE"]).len(), usize::from(is_personnummer(&digits("1001010002"))));
}

#[test]
fn numbers_with_letters() {
    for (text, country, rule) in [
        // Ministerio del Interior: 12345678Z; X1234567L is the NIE of its page.
        ("12345678Z", "ES", "es_dni"),
        ("12.345.678-Z", "ES", "es_dni"),
        ("X1234567L", "ES", "es_nie"),
        ("X-1234567-L", "ES", "es_nie"),
        // Agenzia delle Entrate prints RSSMRA85T10A562S in its forms.
        ("RSSMRA85T10A562S", "", "it_codice_fiscale"),
        // Digi- ja väestötietovirasto: 131052-308T.
        ("131052-308T", "", "fi_hetu"),
        ("131052A308T", "", "fi_hetu"),
        // INSEE's specimen of the carte Vitale: 2 69 05 49 588 157 80.
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
