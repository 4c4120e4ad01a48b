//! `kilim keygen`: keys for signatures and salts.

use std::io::Write as _;

use anyhow::Result;
use kilim::proof::keys::{generate, generate_salts};
use kilim::run::RunError;

use crate::Exit;
use crate::args::KeygenArgs;

pub(crate) fn run(args: &KeygenArgs) -> Result<Exit> {
    let mut out = std::io::stdout().lock();
    if args.salts {
        generate_salts(&args.out).map_err(RunError::from)?;
        writeln!(out, "secret for salts: {}", args.out.display())?;
        writeln!(out, "name it as `keys: {{ salts: FILE }}`, and keep it: other salts give other manifests")?;
        return Ok(Exit::Done);
    }
    let (key, public) = generate(&args.out).map_err(RunError::from)?;
    writeln!(out, "private key: {}", args.out.display())?;
    writeln!(out, "public key: {}", public.display())?;
    writeln!(out, "key id: {}", key.id())?;
    writeln!(
        out,
        "name the private key as `keys: {{ signing: FILE }}`, and give the public one to auditors"
    )?;
    Ok(Exit::Done)
}
