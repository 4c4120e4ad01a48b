//! Words that stand in front of numbers and say what they are, as data.
//!
//! All are lowercase, as `str::to_lowercase` leaves them. They were written for this project from everyday use; speakers
//! are welcome to mend them. A word of up to three letters counts only where it stands alone. Long lists are kept from the
//! formatter, which would give each word a line.

/// A telephone number follows.
#[rustfmt::skip]
pub(super) const PHONE: &[&str] = &[
    // English, and what is written everywhere
    "phone", "telephone", "tel", "mobile", "mob", "cell", "whatsapp", "fax", "call", "hotline",
    "contact no",
    // French, Spanish, Portuguese, Italian, Romanian
    "téléphone", "tél", "portable", "teléfono", "telefono", "móvil", "celular", "llame", "telefone",
    "telemóvel", "ligue", "cellulare", "telefonul", "mobil",
    // German, Dutch, Swedish, Danish, Norwegian, Finnish, Estonian, Hungarian
    "telefon", "handy", "rufnummer", "telefoon", "mobiel", "tlf", "puhelin", "puh", "telefonszám",
    // Polish, Czech, Turkish, Azerbaijani, Uzbek
    "komórka", "kontakt", "cep", "gsm", "raqam",
    // Russian, Ukrainian, Bulgarian, Greek
    "телефон", "тел", "моб", "дзвоніть", "τηλέφωνο", "τηλεφωνο", "τηλ", "κινητό",
    // Swahili, Hausa, Yoruba, Igbo, Zulu, Somali, Amharic, Tigrinya, Oromo, Kinyarwanda
    "simu", "piga", "waya", "lambar", "fóònù", "ekwentị", "ucingo", "telefoon", "taleefan", "ስልክ",
    "ሞባይል", "ቴሌፎን", "bilbila",
    // Arabic, Persian, Urdu, Pashto, Hebrew
    "هاتف", "الهاتف", "تلفون", "جوال", "موبايل", "محمول", "واتساب", "تلفن", "موبایل", "تماس", "همراه",
    "فون", "موبائل", "ټلیفون", "טלפון", "נייד", "פלאפון",
    // Hindi, Marathi, Nepali, Bengali, Tamil, Telugu, Kannada, Malayalam, Gujarati, Punjabi, Sinhala
    "फ़ोन", "\u{95e}ोन", "फोन", "मोबाइल", "मोबाईल", "दूरभाष", "सम्पर्क", "संपर्क", "ফোন", "মোবাইল", "যোগাযোগ", "தொலைபேசி",
    "கைபேசி", "அலைபேசி", "போன்", "ఫోన్", "మొబైల్", "ಫೋನ್", "ಮೊಬೈಲ್", "ഫോൺ", "മൊബൈൽ", "ફોન", "મોબાઇલ", "ਫ਼ੋਨ", "ਫੋਨ",
    "ਮੋਬਾਈਲ", "දුරකථන",
    // Thai, Lao, Khmer, Burmese, Vietnamese, Indonesian, Malay, Filipino
    "โทร", "มือถือ", "ໂທ", "ទូរស័ព្ទ", "ဖုန်း", "điện thoại", "sđt", "đt", "telepon", "telp", "hp", "hubungi",
    "tawag",
    // Chinese, Japanese, Korean
    "电话", "電話", "手机", "手機", "热线", "熱線", "携帯", "전화", "휴대폰", "연락처", "핸드폰",
];

/// A number of a publication follows.
pub(super) const BOOK: &[&str] = &["isbn", "issn", "doi", "pmid", "pmcid", "arxiv", "oclc"];

/// A number of another kind follows.
#[rustfmt::skip]
pub(super) const NO_PHONE: &[&str] = &[
    "isbn", "issn", "doi", "pmid", "pmc", "oclc", "arxiv", "ean", "upc", "gtin", "sku", "rfc", "cve", "iso",
    "din", "id", "ids", "order", "invoice", "ref", "serial", "imei", "patent", "bug", "issue", "ticket",
    "commit", "build", "version", "lat", "lon", "article", "artikel", "référence", "commande",
    "bestellnummer", "bestellnr", "pedido", "faktura", "zamówienie", "артикул", "заказ", "инн", "огрн",
    "oda", "agizo", "pesanan", "đơn hàng", "mã đơn", "sipariş", "παραγγελία", "замовлення", "رقم الطلب", "الطلب رقم",
    "سفارش شماره", "ऑर्डर", "অর্ডার", "เลขที่คำสั่งซื้อ", "หมายเลขคำสั่งซื้อ", "주문번호", "订单", "訂單", "編號", "编号", "注文", "번호판", "quantity", "price", "bei", "preis",
    "precio", "preço", "prix", "цена", "ціна", "السعر", "ثمن", "قیمت", "कीमत", "मूल्य", "দাম", "விலை", "ราคา",
    "价格", "價格", "価格", "usd", "eur", "gbp", "kes", "ksh", "ngn", "inr", "zar", "tzs", "ugx", "etb",
    "rub", "brl", "jpy", "cny", "rs", "rp",
];

/// Numbers that have a name of their own, which stands directly before them: of companies, taxpayers, accounts, papers and
/// parcels. After such a name no number is a telephone's, whatever was said before.
#[rustfmt::skip]
pub(super) const NAMED: &[&str] = &[
    "siret", "siren", "rcs", "regon", "nip", "krs", "p. iva", "p.iva", "partita iva", "steuer-id", "steuernummer",
    "ust-id", "ust-idnr", "cuit", "cuil", "nif", "nie", "dni", "ssn", "vat", "gst", "kvk", "btw", "imei", "isbn", "issn",
    "account", "acct", "konto", "kto", "cuenta", "conta", "conto", "rekening", "rekeningnummer", "hesap", "asusun", "invoice",
    "receipt", "factura", "facture", "fattura", "fatura", "rechnung", "rechnungsnummer", "faktura", "factuur", "expediente",
    "processo", "dossier", "pedido", "bestellnummer", "bestellnr", "ordernummer", "risiti", "akaunti", "инн", "огрн", "кпп",
    "бик", "снилс", "паспорт", "артикул", "р/с", "єдрпоу", "αφμ", "ח.פ", "ע.מ", "ת.ז", "سجل تجاري", "القرار", "شماره حساب",
    "کد ملی", "रसीद", "बिल", "রসিদ", "ரசீது", "ரசீது எண்", "사업자등록번호", "운송장", "주문번호", "계좌번호", "订单编号",
    "订单号", "快递单号", "账号", "伝票番号", "注文番号", "口座番号",
];

/// What may stand between such a name and its number.
#[rustfmt::skip]
pub(super) const NUMBER: &[&str] = &[
    "no", "nr", "nº", "n.º", "n°", "num", "number", "numéro", "número", "numero", "nummer", "numer", "номер", "№", "رقم",
    "شماره", "नं", "নং", "எண்",
];

/// What follows an amount.
#[rustfmt::skip]
pub(super) const UNITS: &[&str] = &[
    "usd", "eur", "euro", "gbp", "kes", "ksh", "ngn", "inr", "zar", "tzs", "ugx", "etb", "birr", "rub",
    "руб", "zł", "kr", "tl", "dollar", "shilling", "naira", "rupees", "km", "kg", "mm", "cm", "ha", "mb",
    "gb", "hz", "bytes", "元", "円", "원", "บาท", "रुपये", "টাকা", "ரூபாய்", "جنيه", "دينار", "درهم", "ريال",
    "تومان", "ریال", "ብር", "人", "名", "명",
];

/// Signs of money, in front of an amount or behind it.
pub(super) const MONEY: &[char] =
    &['$', '€', '£', '¥', '￥', '₹', '₦', '₺', '₽', '₩', '฿', '₫', '₴', '₱', '₪', '৳', '₵', '¢', '₸'];

/// An IP address follows.
#[rustfmt::skip]
pub(super) const ADDRESS: &[&str] = &[
    "ip", "ipv4", "ip-adresse", "ip-adres", "host", "server", "ping", "nameserver", "dns", "address",
    "adresse", "dirección", "endereço", "adres", "адрес", "διεύθυνση", "عنوان", "آدرس", "पता", "ঠিকানা",
    "முகவரி", "anwani", "地址", "アドレス", "주소", "http", "https",
];

/// A version or a section follows.
#[rustfmt::skip]
pub(super) const VERSION: &[&str] = &[
    "v", "ver", "vers", "version", "versión", "versão", "versione", "versie", "wersja", "verze", "sürüm",
    "versi", "phiên bản", "toleo", "release", "build", "firmware", "driver", "upgrade", "update", "patch",
    "revision", "rev", "section", "sec", "chapter", "clause", "annex", "table", "figure", "fig",
    "abschnitt", "kapitel", "sección", "capítulo", "article", "art", "nr", "no", "версия", "версии",
    "версію", "версія", "раздел", "пункт", "п", "έκδοση", "ενότητα", "الإصدار", "إصدار", "نسخه", "ویرایش",
    "संस्करण", "সংস্করণ", "பதிப்பு", "รุ่น", "เวอร์ชัน", "版本", "バージョン", "ver.", "버전", "章", "节", "節",
    "oid",
];

/// A card number follows.
#[rustfmt::skip]
pub(super) const CARD: &[&str] = &[
    "card", "credit", "debit", "visa", "mastercard", "amex", "kadi", "karte", "kreditkarte", "carte",
    "tarjeta", "cartão", "carta", "karta", "kart", "kartu", "карта", "карты", "картка", "κάρτα", "بطاقة",
    "کارت", "कार्ड", "কার্ড", "அட்டை", "บัตร", "卡号", "卡號", "信用卡", "カード", "카드", "thẻ", "ካርድ",
    "katin",
];

/// South African identity numbers.
pub(super) const ZA_ID: &[&str] = &[
    "id number",
    "id no",
    "id nr",
    "identity number",
    "said",
    "rsa id",
    "identiteitsnommer",
    "id-nommer",
    "isazisi",
    "inombolo kamazisi",
];

/// Indian Aadhaar numbers.
#[rustfmt::skip]
pub(super) const IN_AADHAAR: &[&str] = &[
    "aadhaar", "aadhar", "adhaar", "uidai", "आधार", "আধার", "ஆதார்", "ఆధార్", "ಆಧಾರ್", "ആധാർ", "આધાર", "ਆਧਾਰ",
    "ଆଧାର", "آدھار",
];

/// Brazilian taxpayers, persons and companies.
pub(super) const BR_CPF: &[&str] = &["cpf", "cadastro de pessoa"];
pub(super) const BR_CNPJ: &[&str] = &["cnpj", "cadastro nacional da pessoa"];

/// Spanish identity documents.
pub(super) const ES_ID: &[&str] =
    &["dni", "nif", "nie", "documento nacional", "document nacional", "nan zenbakia"];

/// French social security numbers.
pub(super) const FR_NIR: &[&str] = &[
    "sécurité sociale",
    "securite sociale",
    "sécu",
    "nir",
    "insee",
    "assuré social",
    "numéro d'inscription",
];

/// Dutch citizens.
pub(super) const NL_BSN: &[&str] =
    &["bsn", "burgerservicenummer", "sofinummer", "sofi-nummer", "boargerservicenûmer"];

/// Polish citizens.
pub(super) const PL_PESEL: &[&str] = &["pesel"];

/// Swedish persons.
pub(super) const SE_ID: &[&str] =
    &["personnummer", "personnr", "pnr", "samordningsnummer", "födelsenummer", "henkilötunnus"];

/// Names of parameters in web addresses that hold a telephone number.
#[rustfmt::skip]
pub(super) const PHONE_PARAMETERS: &[&str] = &[
    "phone", "tel", "telephone", "telefon", "telefono", "telefone", "mobile", "mobil", "msisdn", "cell",
    "cellphone", "celular", "whatsapp", "phone_number", "phonenumber", "phone-number", "number", "simu",
    "sms", "fax",
];
