//! What a reviewer says about the language of an item.

use crate::{
    Error, Result, Thing, Workspace,
    queue::find_queue,
    review::check_reviewer,
    store::{
        self,
        events::{self, EventKind},
        language_corrections::CorrectionRow,
    },
};

/// What a reviewer says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LanguageCorrection {
    /// Which item.
    pub item_id: String,
    /// A BCP 47 tag; "und" if the language cannot be told.
    pub language: String,
    /// A pseudonym.
    pub reviewer: String,
}

impl Workspace {
    /// Sets the language of an item to what a reviewer says; a row and an event, on disk when it returns. Saying it again, or
    /// something else, is another row. Gives when it was saved, in RFC 3339.
    ///
    /// # Errors
    /// [`Code::NotFound`](crate::Code) for an item that is not there or in quarantine; [`Code::Invalid`](crate::Code) for what is no
    /// tag; [`Code::Conflict`](crate::Code) for an item of a queue that was opened from a bundle: decisions go back to its lead, languages
    /// do not.
    pub async fn correct_language(&self, correction: &LanguageCorrection) -> Result<String> {
        let language = tag(&correction.language)?;
        let reviewer = check_reviewer(&correction.reviewer)?;
        let mut tx = self.store().write().await?;
        let item = store::items::visible(&mut tx, &correction.item_id).await?;
        let item = item.ok_or_else(|| Error::not_found(Thing::Item, &correction.item_id))?;
        if !store::bundles::of_queue(&mut tx, &item.queue_id, "opened").await?.is_empty() {
            let reason = "was opened from a bundle, and what is said about languages here would not go back; tell its lead";
            let queue = find_queue(&mut tx, &item.queue_id).await?;
            return Err(Error::Conflict { thing: Thing::Queue, id: queue.name, reason });
        }
        let (id, corrected_at) = (tx.clock().new_id(), tx.clock().now_text());
        let row = CorrectionRow {
            id: &id,
            item_id: &item.id,
            language: language.as_deref(),
            reviewer: &reviewer,
            corrected_at: &corrected_at,
        };
        store::language_corrections::insert(&mut tx, &row).await?;
        events::record(&mut tx, EventKind::LanguageCorrected, &id).await?;
        store::language_corrections::apply(&mut tx, &item.id, language.as_deref()).await?;
        tx.commit().await?;
        Ok(corrected_at)
    }
}

/// A tag as it is kept: the language in lower case. `None` for "und".
fn tag(said: &str) -> Result<Option<String>> {
    let said = said.trim();
    let mut parts = said.split('-');
    let language = parts.next().unwrap_or_default();
    let is_language = (2..=3).contains(&language.len()) && language.chars().all(|c| c.is_ascii_alphabetic());
    let is_subtag =
        |part: &str| (1..=8).contains(&part.len()) && part.chars().all(|c| c.is_ascii_alphanumeric());
    if !is_language || said.len() > 35 || !parts.all(is_subtag) {
        let reason = "it is no language tag; give one such as my, id, ms, tl, ta, th, vi or en, or und if it cannot be told";
        return Err(Error::invalid("language", reason));
    }
    let tag = format!("{}{}", language.to_ascii_lowercase(), &said[language.len()..]);
    Ok((tag != "und").then_some(tag))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_kept_as_they_are_written_elsewhere() {
        assert_eq!(tag(" MY ").unwrap().as_deref(), Some("my"));
        assert_eq!(tag("zh-Hant").unwrap().as_deref(), Some("zh-Hant"));
        assert_eq!(tag("und").unwrap(), None);
        for wrong in ["", "m", "burmese", "my_MM", "m1", "my-", "ภาษา"] {
            assert!(tag(wrong).is_err(), "{wrong:?} is no tag");
        }
    }
}
