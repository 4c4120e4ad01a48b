//! Keys: Ed25519, in files that openssl and Python read.
//!
//! A private key is PKCS#8 in PEM as of RFC 8410, 48 bytes of DER that begin alike for every key; a public key is
//! SubjectPublicKeyInfo in PEM, 44 bytes. Private keys are only ever read from files of their own: no config, log, manifest
//! or error holds one.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::rand::{SecureRandom as _, SystemRandom};
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};

/// What stands before the 32 bytes of a private key: version 0, algorithm 1.3.101.112, an octet string in an octet string.
const PRIVATE_HEAD: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
/// What stands before the 32 bytes of a public key: algorithm 1.3.101.112, a bit string.
const PUBLIC_HEAD: [u8; 12] = [0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0];

const PRIVATE_LABEL: &str = "PRIVATE KEY";
const PUBLIC_LABEL: &str = "PUBLIC KEY";

/// Bytes of the secret that [`generate_salts`] writes.
const SALT_SECRET_BYTES: usize = 32;

/// A key cannot be used. Kind: Input, or External for what the system refuses.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file system refused.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// `read` or `write`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What it said.
        source: std::io::Error,
    },
    /// A key would be overwritten.
    #[error("{} is there already\nhint: a key that is gone cannot be made again; name another file, or move it away", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// It is no key of the kind that was asked for.
    #[error("{} is not {wanted}: {problem}\nhint: {hint}", path.display())]
    NoKey {
        /// The file.
        path: PathBuf,
        /// What was asked for.
        wanted: &'static str,
        /// What is there instead; never the bytes.
        problem: &'static str,
        /// The next move.
        hint: &'static str,
    },
    /// The system has no randomness to give.
    #[error("the system gives no random bytes")]
    Random,
}

/// Signs.
pub struct Signer {
    key: Ed25519KeyPair,
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Signer").field(&self.public().id()).finish()
    }
}

/// Checks signatures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublicKey {
    point: [u8; 32],
}

impl Signer {
    /// The key whose secret is `secret`, as of RFC 8032.
    pub fn from_secret(secret: &[u8; 32]) -> Self {
        Self { key: Ed25519KeyPair::from_seed_unchecked(secret).expect("32 bytes are a secret") }
    }

    /// Reads a private key in PEM.
    pub fn read(path: &Path) -> Result<Self, KeyError> {
        let text = read(path)?;
        warn_if_others_may_read(path);
        Self::from_pem(&text).map_err(|problem| KeyError::NoKey {
            path: path.to_owned(),
            wanted: "an Ed25519 private key in PEM",
            problem,
            hint: "`kilim keygen --out FILE` makes one, and so does `openssl genpkey -algorithm ed25519`",
        })
    }

    fn from_pem(text: &str) -> Result<Self, &'static str> {
        let bytes = from_pem(text, PRIVATE_LABEL)?;
        match bytes.strip_prefix(&PRIVATE_HEAD).map(<[u8; 32]>::try_from) {
            Some(Ok(secret)) => Ok(Self::from_secret(&secret)),
            _ => Err("it is of another algorithm or form"),
        }
    }

    /// The key that checks what this one signs.
    pub fn public(&self) -> PublicKey {
        let mut point = [0; 32];
        point.copy_from_slice(self.key.public_key().as_ref());
        PublicKey { point }
    }

    /// The signature of `message`: the same 64 bytes each time.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.key.sign(message).as_ref().to_vec()
    }
}

impl PublicKey {
    /// Reads a public key in PEM.
    pub fn read(path: &Path) -> Result<Self, KeyError> {
        Self::from_pem(&read(path)?).map_err(|problem| KeyError::NoKey {
            path: path.to_owned(),
            wanted: "an Ed25519 public key in PEM",
            problem,
            hint: "`kilim keygen` writes it beside the private key, as FILE.pub",
        })
    }

    /// A public key in PEM; in words what else it is.
    pub fn from_pem(text: &str) -> Result<Self, &'static str> {
        let bytes = from_pem(text, PUBLIC_LABEL)?;
        let Some(Ok(point)) = bytes.strip_prefix(&PUBLIC_HEAD).map(<[u8; 32]>::try_from) else {
            return Err("it is of another algorithm or form");
        };
        Ok(Self { point })
    }

    /// The key in PEM.
    pub fn to_pem(&self) -> String {
        to_pem(PUBLIC_LABEL, &[&PUBLIC_HEAD[..], &self.point].concat())
    }

    /// The key that an id names; `None` for what is no id.
    pub fn of_id(id: &str) -> Option<Self> {
        let point = <[u8; 32]>::try_from(hex::decode(id).ok()?).ok()?;
        Some(Self { point }).filter(|key| key.id() == id)
    }

    /// What the key is called in envelopes: its 32 bytes in hex.
    pub fn id(&self) -> String {
        hex::encode(self.point)
    }

    /// Whether `signature` is this key's, of `message`.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, &self.point).verify(message, signature).is_ok()
    }
}

/// Makes a key, and writes the private one to `path`, for its owner only, and the public one to `path` and `.pub`. Nothing
/// is overwritten. The public key and its path.
pub fn generate(path: &Path) -> Result<(PublicKey, PathBuf), KeyError> {
    let mut public_path = path.as_os_str().to_owned();
    public_path.push(".pub");
    let public_path = PathBuf::from(public_path);
    if public_path.exists() {
        return Err(KeyError::Exists { path: public_path });
    }
    let mut secret = [0; 32];
    random(&mut secret)?;
    let public = Signer::from_secret(&secret).public();
    write_new(path, private_pem(&secret).as_bytes(), 0o600)?;
    write_new(&public_path, public.to_pem().as_bytes(), 0o644)?;
    Ok((public, public_path))
}

/// A private key in PEM.
fn private_pem(secret: &[u8; 32]) -> String {
    to_pem(PRIVATE_LABEL, &[&PRIVATE_HEAD[..], secret].concat())
}

/// Writes a new secret for salts to `path`, for its owner only: 64 hex digits. Nothing is overwritten.
pub fn generate_salts(path: &Path) -> Result<(), KeyError> {
    let mut secret = [0; SALT_SECRET_BYTES];
    random(&mut secret)?;
    write_new(path, format!("{}\n", hex::encode(secret)).as_bytes(), 0o600)
}

/// Reads a secret for salts.
pub fn read_salts(path: &Path) -> Result<Vec<u8>, KeyError> {
    let text = read(path)?;
    warn_if_others_may_read(path);
    let secret = hex::decode(text.trim_end()).ok().filter(|secret| secret.len() == SALT_SECRET_BYTES);
    secret.ok_or_else(|| KeyError::NoKey {
        path: path.to_owned(),
        wanted: "a secret for salts",
        problem: "it does not hold 64 hex digits",
        hint: "`kilim keygen --salts --out FILE` makes one",
    })
}

fn random(bytes: &mut [u8]) -> Result<(), KeyError> {
    SystemRandom::new().fill(bytes).map_err(|_| KeyError::Random)
}

fn read(path: &Path) -> Result<String, KeyError> {
    let io = |source| KeyError::Io { action: "read", path: path.to_owned(), source };
    Ok(String::from_utf8_lossy(&std::fs::read(path).map_err(io)?).into_owned())
}

fn write_new(path: &Path, bytes: &[u8], mode: u32) -> Result<(), KeyError> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    #[cfg(not(unix))]
    let _ = mode;
    let write = || {
        let mut file = options.open(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(|source| match source.kind() {
        std::io::ErrorKind::AlreadyExists => KeyError::Exists { path: path.to_owned() },
        _ => KeyError::Io { action: "write", path: path.to_owned(), source },
    })
}

fn warn_if_others_may_read(path: &Path) {
    #[cfg(unix)]
    if let Ok(meta) = std::fs::metadata(path)
        && std::os::unix::fs::PermissionsExt::mode(&meta.permissions()) & 0o077 != 0
    {
        tracing::warn!("others than its owner may read {}: `chmod 600` it", path.display());
    }
}

/// The bytes of the one PEM block of `text` with this label.
fn from_pem(text: &str, label: &str) -> Result<Vec<u8>, &'static str> {
    let (begin, end) = (format!("-----BEGIN {label}-----"), format!("-----END {label}-----"));
    let body = text.split_once(&begin).and_then(|(_, rest)| rest.split_once(&end));
    let Some((body, _)) = body else {
        return Err(if text.contains("-----BEGIN ") { "it is PEM of another kind" } else { "it is not PEM" });
    };
    let body: String = body.split_ascii_whitespace().collect();
    STANDARD.decode(body).map_err(|_| "its base64 is broken")
}

fn to_pem(label: &str, bytes: &[u8]) -> String {
    // Both kinds of key are one line of base64, of at most 64 characters.
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8410, section 10.
    const RFC_PRIVATE: &str = "-----BEGIN PRIVATE KEY-----\n\
         MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n";
    const RFC_PUBLIC: &str = "-----BEGIN PUBLIC KEY-----\n\
         MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n";

    #[test]
    fn keys_are_those_of_rfc_8410() {
        let signer = Signer::from_pem(RFC_PRIVATE).unwrap();
        let secret = "d4ee72dbf913584ad5b6d8f1f769f8ad3afe7c28cbf1d4fbe097a88f44755842";
        assert_eq!(private_pem(&hex::decode(secret).unwrap().try_into().unwrap()), RFC_PRIVATE);
        assert_eq!(signer.public().to_pem(), RFC_PUBLIC);
        assert_eq!(PublicKey::from_pem(RFC_PUBLIC).unwrap(), signer.public());
        assert_eq!(PublicKey::of_id(&signer.public().id()).unwrap(), signer.public());
    }

    #[test]
    fn signatures_are_those_of_rfc_8032() {
        let secret = "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7";
        let signer = Signer::from_secret(&hex::decode(secret).unwrap().try_into().unwrap());
        assert_eq!(signer.public().id(), "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025");
        assert_eq!(
            hex::encode(signer.sign(&[0xaf, 0x82])),
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3a\
             c18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
        );
        assert!(signer.public().verifies(&[0xaf, 0x82], &signer.sign(&[0xaf, 0x82])));
        assert!(!signer.public().verifies(&[0xaf, 0x83], &signer.sign(&[0xaf, 0x82])));
    }

    #[test]
    fn what_is_no_key_is_said_without_showing_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ufunguo");
        for (text, says) in [
            ("siri", "it is not PEM"),
            (RFC_PUBLIC, "it is PEM of another kind"),
            ("-----BEGIN PRIVATE KEY-----\nsiri?\n-----END PRIVATE KEY-----", "its base64 is broken"),
            ("-----BEGIN PRIVATE KEY-----\nc2lyaQ==\n-----END PRIVATE KEY-----", "another algorithm or form"),
        ] {
            std::fs::write(&path, text).unwrap();
            let said = Signer::read(&path).unwrap_err().to_string();
            assert!(said.contains(says) && !said.contains("siri"), "{said}");
        }
        assert!(PublicKey::from_pem(RFC_PRIVATE).is_err() && PublicKey::of_id("zz").is_none());
        std::fs::write(&path, "abcd\n").unwrap();
        assert!(read_salts(&path).unwrap_err().to_string().contains("64 hex digits"));
    }

    #[test]
    fn new_keys_differ_are_their_owners_and_overwrite_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kitia-sahihi.pem");
        let (key, public) = generate(&path).unwrap();
        assert_eq!(Signer::read(&path).unwrap().public(), key);
        assert_eq!(PublicKey::read(&public).unwrap(), key);
        assert_ne!(generate(&folder.path().join("nyingine.pem")).unwrap().0, key);
        let salts = folder.path().join("chumvi");
        generate_salts(&salts).unwrap();
        assert_eq!(read_salts(&salts).unwrap().len(), 32);
        #[cfg(unix)]
        for secret in [&path, &salts] {
            let mode = std::os::unix::fs::PermissionsExt::mode(&secret.metadata().unwrap().permissions());
            assert_eq!(mode & 0o777, 0o600, "{}", secret.display());
        }
        let before = std::fs::read(&path).unwrap();
        assert!(matches!(generate(&path), Err(KeyError::Exists { .. })));
        std::fs::remove_file(&public).unwrap();
        assert!(matches!(generate(&path), Err(KeyError::Exists { .. })));
        assert!(matches!(generate_salts(&salts), Err(KeyError::Exists { .. })));
        assert_eq!(std::fs::read(&path).unwrap(), before);
    }
}
