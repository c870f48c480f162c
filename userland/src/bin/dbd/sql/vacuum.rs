//! VACUUM: versions that nobody will see again make room.
//!
//! While it works no other statement does, so a version is dead if the transaction that made it failed, or the one that
//! took it away committed. Its keys go from the indexes first; then a new row may take its place.

use super::super::store::error::Result;
use super::super::store::transaction::Fate;
use super::super::store::value::encode_key;
use super::super::store::work::Work;
use super::catalog::Catalog;
use super::modify::values_of;

/// Empties all dead versions; how many there were.
pub(crate) async fn vacuum(work: &mut Work<'_>, catalog: &Catalog) -> Result<u64> {
    let mut count = 0;
    for table in catalog.all() {
        let mut page = table.heap;
        while page != 0 {
            let (versions, next) = work.versions(page).await?;
            for (place, version) in versions {
                let is_dead = work.fate(version.made).await? == Fate::Aborted
                    || version.gone != 0 && work.fate(version.gone).await? == Fate::Committed;
                if !is_dead {
                    continue;
                }
                for index in &table.indexes {
                    let key = encode_key(&values_of(&index.columns, &version.row));
                    work.remove_entry(index.root, &key, place).await?;
                }
                work.clear_row(place).await?;
                count += 1;
            }
            page = next;
        }
        work.look_for_room(table.heap).await?;
    }
    Ok(count)
}
