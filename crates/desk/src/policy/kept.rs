//! The policies of a workspace: found, kept, brought in from a file.

use super::{Policy, PolicyError, PolicyVersion, ready_made};
use crate::{
    Error, Result, Thing, Workspace,
    store::{
        self, Conn, WriteTx,
        events::{self, EventKind},
        policies::PolicyRow,
        queue_policies::ChoiceRow,
    },
};

/// Fewest digits of an id that stand for it.
const ID_DIGITS_MIN: usize = 8;

/// A version and what is known about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyListing {
    /// The version.
    pub version: PolicyVersion,
    /// Whether it came with the program.
    pub ready_made: bool,
    /// Names of the queues that have it now.
    pub queues: Vec<String>,
    /// Who kept it, where somebody did.
    pub kept_by: Option<String>,
    /// RFC 3339; `None` for one that came with the program and was not used here yet.
    pub kept_at: Option<String>,
}

/// A policy that was brought in from a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportedPolicy {
    /// As it is kept.
    pub version: PolicyVersion,
    /// `false` if this very version was there already.
    pub added: bool,
}

impl Workspace {
    /// Every version of every policy, by name, newest first; those that came with the program are there before they are used.
    ///
    /// # Errors
    /// What the database refuses.
    pub async fn policies(&self) -> Result<Vec<PolicyListing>> {
        let mut read = self.store().read().await?;
        let used = store::queue_policies::all_in_force(&mut read).await?;
        let ready_made: Vec<PolicyVersion> =
            ready_made::all()?.into_iter().map(Policy::into_version).collect();
        let kept = store::policies::all(&mut read).await?;
        let mut listings: Vec<PolicyListing> = kept
            .into_iter()
            .map(|row| PolicyListing {
                ready_made: ready_made.contains(&row.version),
                queues: used.iter().filter(|(id, _)| *id == row.version.id).map(|(_, q)| q.clone()).collect(),
                version: row.version,
                kept_by: row.kept_by,
                kept_at: Some(row.kept_at),
            })
            .collect();
        for version in ready_made {
            if listings.iter().all(|l| l.version.id != version.id) {
                let queues = Vec::new();
                listings.push(PolicyListing {
                    version,
                    ready_made: true,
                    queues,
                    kept_by: None,
                    kept_at: None,
                });
            }
        }
        listings.sort_by(|a, b| {
            let key = |l: &PolicyListing| {
                (l.version.terms.name.clone(), std::cmp::Reverse(l.version.terms.version))
            };
            key(a).cmp(&key(b))
        });
        Ok(listings)
    }

    /// The version that `reference` names: `NAME` (its newest version), `NAME@VERSION`, or an id or its first eight digits or more.
    ///
    /// # Errors
    /// [`Code::NotFound`](crate::Code).
    pub async fn policy(&self, reference: &str) -> Result<PolicyVersion> {
        find(&mut *self.store().read().await?, reference).await
    }

    /// Keeps an edited policy as the next version of its name; `terms.version` is not looked at. If it says what the newest version
    /// says, that one is given and nothing is kept.
    ///
    /// # Errors
    /// [`PolicyError::Flawed`].
    pub async fn save_policy(&self, terms: Policy, by: Option<&str>) -> Result<PolicyVersion> {
        let mut tx = self.store().write().await?;
        let newest = versions_of(&mut tx, &terms.name).await?.into_iter().next();
        if let Some(newest) = newest.as_ref().filter(|n| n.terms.says_the_same_as(&terms)) {
            return Ok(newest.clone());
        }
        let version = newest.map_or(1, |n| n.terms.version + 1);
        let terms = Policy { version, ..terms };
        terms.check_itself()?;
        let version = terms.into_version();
        keep(&mut tx, &version, by).await?;
        tx.commit().await?;
        Ok(version)
    }

    /// Keeps the policy of a file under the name and version that it has there.
    ///
    /// # Errors
    /// [`PolicyError`] for a file that is none, and for a version that exists and says something else.
    pub async fn import_policy(&self, text: &str, by: Option<&str>) -> Result<ImportedPolicy> {
        let version = Policy::from_file(text)?.into_version();
        let mut tx = self.store().write().await?;
        let known = versions_of(&mut tx, &version.terms.name).await?;
        let taken = known.iter().find(|k| k.terms.version == version.terms.version && k.id != version.id);
        if let Some(taken) = taken {
            let free = known.iter().map(|k| k.terms.version).max().unwrap_or(0) + 1;
            let (name, known) = (version.terms.name, taken.id.chars().take(ID_DIGITS_MIN).collect());
            return Err(
                PolicyError::VersionTaken { name, version: version.terms.version, known, free }.into()
            );
        }
        let added = keep(&mut tx, &version, by).await?;
        tx.commit().await?;
        Ok(ImportedPolicy { version, added })
    }
}

/// See [`Workspace::policy`]; inside of a transaction.
pub(crate) async fn find(conn: &mut Conn, reference: &str) -> Result<PolicyVersion> {
    let reference = reference.trim();
    let (name, number) = match reference.rsplit_once('@') {
        Some((name, number)) => match number.parse::<u32>() {
            Ok(number) => (name, Some(number)),
            Err(_) => return Err(Error::not_found(Thing::Policy, reference)),
        },
        None => (reference, None),
    };
    let named = versions_of(conn, name).await?;
    let mut found = named.into_iter().find(|v| number.is_none_or(|n| v.terms.version == n));
    if found.is_none() && reference.len() >= ID_DIGITS_MIN {
        let mut all: Vec<PolicyVersion> =
            store::policies::all(conn).await?.into_iter().map(|row| row.version).collect();
        all.extend(ready_made::all()?.into_iter().map(Policy::into_version));
        found = all.into_iter().find(|v| v.id.starts_with(reference));
    }
    found.ok_or_else(|| Error::not_found(Thing::Policy, reference))
}

/// The versions of a name, newest first, those that came with the program among them.
async fn versions_of(conn: &mut Conn, name: &str) -> Result<Vec<PolicyVersion>> {
    let kept = store::policies::named(conn, name).await?;
    let mut versions: Vec<PolicyVersion> = kept.into_iter().map(|row| row.version).collect();
    let ready_made = ready_made::all()?.into_iter().filter(|p| p.name == name).map(Policy::into_version);
    for version in ready_made {
        // A version that a team keeps under the same name goes before.
        if versions.iter().all(|v| v.terms.version != version.terms.version) {
            versions.push(version);
        }
    }
    versions.sort_by_key(|v| std::cmp::Reverse(v.terms.version));
    Ok(versions)
}

/// Keeps a version, unless it is kept; gives whether it was not.
async fn keep(tx: &mut WriteTx<'_>, version: &PolicyVersion, by: Option<&str>) -> Result<bool> {
    let row = PolicyRow {
        version: version.clone(),
        kept_by: by.map(str::to_owned),
        kept_at: tx.clock().now_text(),
    };
    let added = store::policies::insert(tx, &row).await?;
    if added {
        events::record(tx, EventKind::Policy, &version.id).await?;
    }
    Ok(added)
}

/// A queue goes over to a version, which is kept if it is not yet.
pub(crate) async fn choose(
    tx: &mut WriteTx<'_>,
    queue_id: &str,
    version: &PolicyVersion,
    by: Option<&str>,
) -> Result<()> {
    keep(tx, version, None).await?;
    let row = ChoiceRow {
        id: tx.clock().new_id(),
        queue_id: queue_id.to_owned(),
        policy_id: version.id.clone(),
        chosen_by: by.map(str::to_owned),
        chosen_at: tx.clock().now_text(),
    };
    store::queue_policies::insert(tx, &row).await?;
    Ok(events::record(tx, EventKind::QueuePolicy, &row.id).await?)
}
