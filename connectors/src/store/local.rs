//! Local files that appear whole or not at all.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// How the names of unfinished files begin and end.
const PART_PREFIX: &str = ".kilim-";
const PART_SUFFIX: &str = ".part";

/// A file being written next to its final place: a temporary name, then `fsync`, then rename.
///
/// Dropped without [`AtomicFile::commit`], it leaves nothing behind.
#[derive(Debug)]
pub struct AtomicFile {
    file: NamedTempFile,
    target: PathBuf,
}

impl AtomicFile {
    /// Starts a file that will be `target`; makes the folders above it.
    pub fn create(target: &Path) -> io::Result<Self> {
        let folder = folder_of(target);
        std::fs::create_dir_all(folder)?;
        let mut builder = tempfile::Builder::new();
        builder.prefix(PART_PREFIX).suffix(PART_SUFFIX);
        #[cfg(unix)]
        {
            // Temporary files are private by default; what we publish follows the umask like any other file.
            use std::os::unix::fs::PermissionsExt;
            builder.permissions(std::fs::Permissions::from_mode(0o666));
        }
        Ok(Self { file: builder.tempfile_in(folder)?, target: target.to_path_buf() })
    }

    /// Whether a file of this name was being written when its writer was killed.
    pub fn is_part(name: &str) -> bool {
        name.starts_with(PART_PREFIX) && name.ends_with(PART_SUFFIX)
    }

    /// Makes the file durable and gives it its name, replacing what had it.
    pub fn commit(self) -> io::Result<()> {
        self.file.as_file().sync_all()?;
        self.file.persist(&self.target).map_err(|e| e.error)?;
        sync_folder(folder_of(&self.target))
    }

    /// Makes the file durable and gives it its name; `false` if the name was taken, which is left as it is.
    pub fn commit_if_absent(self) -> io::Result<bool> {
        self.file.as_file().sync_all()?;
        match self.file.persist_noclobber(&self.target) {
            Ok(_) => sync_folder(folder_of(&self.target)).map(|()| true),
            Err(e) if e.error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(e) => Err(e.error),
        }
    }
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Writes all of `bytes` to `target` at once, replacing what was there.
pub(super) fn put(target: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = AtomicFile::create(target)?;
    file.write_all(bytes)?;
    file.commit()
}

/// Writes `bytes` to `target` unless something is there; `false` if so.
pub(super) fn put_if_absent(target: &Path, bytes: &[u8]) -> io::Result<bool> {
    if target.exists() {
        return Ok(false);
    }
    let mut file = AtomicFile::create(target)?;
    file.write_all(bytes)?;
    file.commit_if_absent()
}

/// Every file below `folder`, sorted. Links to files count, links to folders are not followed; our own unfinished
/// files are left out.
pub(super) fn files_below(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder)? {
            let entry = entry?;
            if AtomicFile::is_part(&entry.file_name().to_string_lossy()) {
                continue;
            }
            if entry.file_type()?.is_dir() {
                folders.push(entry.path());
            } else if entry.path().is_file() {
                files.push(entry.path());
            }
        }
    }
    files.sort();
    Ok(files)
}

/// Names of the folders in `folder`, links to folders too; none if it is not there. A name that is no UTF-8 is not one of ours.
pub(super) fn folders_in(folder: &Path) -> io::Result<Vec<String>> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry?;
        if entry.path().is_dir() {
            names.extend(entry.file_name().into_string());
        }
    }
    Ok(names)
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}

/// A rename is durable only once its folder is.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { std::fs::File::open(folder)?.sync_all() } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unfinished_file_leaves_nothing_behind() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("ke/data.txt");
        let mut file = AtomicFile::create(&target).unwrap();
        file.write_all("nusu ya hab".as_bytes()).unwrap();
        assert!(files_below(dir.path()).unwrap().is_empty());
        drop(file);
        assert_eq!(std::fs::read_dir(dir.path().join("ke")).unwrap().count(), 0);
    }

    #[test]
    fn a_taken_name_is_kept() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("a.txt");
        assert!(put_if_absent(&target, "ya kwanza".as_bytes()).unwrap());
        let mut late = AtomicFile::create(&target).unwrap();
        late.write_all("ya pili".as_bytes()).unwrap();
        assert!(!late.commit_if_absent().unwrap());
        assert_eq!(std::fs::read_to_string(&target).unwrap(), "ya kwanza");
        put(&target, "ya tatu".as_bytes()).unwrap();
        assert_eq!(std::fs::read_to_string(&target).unwrap(), "ya tatu");
        assert_eq!(files_below(dir.path()).unwrap(), [target]);
    }
}
