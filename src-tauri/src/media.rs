//! Images for the page: `media://localhost/ITEM_ID/SHA256`, so that bytes never travel as JSON; `?thumb=1` asks for a small copy.
//!
//! An image is shown only as part of an item that is visible: the one of a quarantined item is not there, whoever asks.

use saring_desk::Workspace;
use tauri::http::{Response, StatusCode, Uri, header};

/// The protocol's name; the content security policy names it too.
pub(crate) const SCHEME: &str = "media";

/// What the page gets for an address.
pub(crate) async fn answer(workspace: Option<&Workspace>, uri: &Uri) -> Response<Vec<u8>> {
    match image(workspace, uri).await {
        Some((kind, bytes)) => Response::builder()
            .header(header::CONTENT_TYPE, kind)
            // Not kept: a quarantined image must be gone from memory and disk with its item.
            .header(header::CACHE_CONTROL, "no-store")
            .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
            .body(bytes)
            .unwrap_or_default(),
        None => {
            let mut response = Response::new(Vec::new());
            *response.status_mut() = StatusCode::NOT_FOUND;
            response
        }
    }
}

async fn image(workspace: Option<&Workspace>, uri: &Uri) -> Option<(&'static str, Vec<u8>)> {
    let (item_id, sha256) = parts(uri.path())?;
    if uri.query() == Some("thumb=1") {
        let thumbnail = workspace?.thumbnail(item_id, sha256).await.ok()?;
        return Some((thumbnail.media_type, thumbnail.bytes));
    }
    let bytes = workspace?.image(item_id, sha256).await.ok()?;
    Some((kind(&bytes)?, bytes))
}

/// Item id and hash of a path that has exactly these two, in the letters that they are made of: what could lead
/// anywhere else is refused before it is looked up.
fn parts(path: &str) -> Option<(&str, &str)> {
    let (item_id, sha256) = path.strip_prefix('/')?.split_once('/')?;
    let id_fits = !item_id.is_empty() && item_id.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    let hash_fits = sha256.len() == 64 && sha256.bytes().all(|b| b.is_ascii_hexdigit());
    (id_fits && hash_fits).then_some((item_id, sha256))
}

/// The type of an image by its first bytes; nothing else is handed to the page, above all no SVG and no HTML.
fn kind(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0x89, b'P', b'N', b'G', ..] => Some("image/png"),
        [0xFF, 0xD8, 0xFF, ..] => Some("image/jpeg"),
        [b'G', b'I', b'F', b'8', ..] => Some("image/gif"),
        [b'B', b'M', ..] => Some("image/bmp"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    #[test]
    fn only_an_item_and_a_hash_are_an_address() {
        let id = "019a9f00-0000-7000-8000-000000000000";
        assert_eq!(parts(&format!("/{id}/{HASH}")), Some((id, HASH)));
        for path in [
            format!("/{id}/{HASH}/.."),
            format!("/../{HASH}"),
            format!("/%2e%2e/{HASH}"),
            format!("/{id}/../../saring.db"),
            format!("/{id}/{}", &HASH[1..]),
            format!("//{HASH}"),
            format!("/{HASH}"),
            String::new(),
        ] {
            assert_eq!(parts(&path), None, "{path} must lead nowhere");
        }
    }

    #[test]
    fn only_images_have_a_type() {
        assert_eq!(kind(b"\x89PNG\r\n\x1a\n"), Some("image/png"));
        assert_eq!(kind(b"RIFF\0\0\0\0WEBPVP8 "), Some("image/webp"));
        for other in [&b"<svg xmlns"[..], b"<html>", b"RIFF\0\0\0\0AVI ", b"", b"%PDF"] {
            assert_eq!(kind(other), None, "a page could run it");
        }
    }

    #[tokio::test]
    async fn an_image_is_shown_with_its_item_and_gone_with_it() {
        use saring_desk::{
            import::{ColumnMapping, ImportRequest},
            media::Keeping,
            review::Gesture,
        };
        let folder = tempfile::tempdir().unwrap();
        let png = include_bytes!("../../icons/32x32.png");
        std::fs::write(folder.path().join("a.png"), png).unwrap();
        let rows = "{\"prompt\": \"one\", \"images\": [\"a.png\"]}\n{\"prompt\": \"two\", \"images\": [\"a.png\"]}\n";
        let path = folder.path().join("rows.jsonl");
        std::fs::write(&path, rows).unwrap();
        let workspace = Workspace::open(folder.path().join("workspace")).await.unwrap();
        let request = ImportRequest {
            queue: "queue".into(),
            policy: "qwen3guard".to_owned(),
            paths: vec![path],
            mapping: ColumnMapping::new(),
            keeping: Keeping::Copy,
        };
        workspace.import(&request, &mut |_| (), &saring_verdict::Cancel::new()).await.unwrap();
        let first = workspace.next("queue", None).await.unwrap().unwrap();
        let second = workspace.next("queue", Some(&first.id)).await.unwrap().unwrap();
        let sha256 = &first.images[0].sha256;
        let get = async |item_id: &str, sha256: &str| {
            let uri: Uri = format!("media://localhost/{item_id}/{sha256}").parse().unwrap();
            answer(Some(&workspace), &uri).await
        };

        let shown = get(&first.id, sha256).await;
        assert_eq!((shown.status(), shown.body().as_slice()), (StatusCode::OK, png.as_slice()));
        assert_eq!(shown.headers()[header::CONTENT_TYPE], "image/png");
        assert_eq!(get(&first.id, HASH).await.status(), StatusCode::NOT_FOUND, "no image of this item");

        workspace.quarantine(&Gesture::new(&first.id, "ana")).await.unwrap();
        assert_eq!(
            get(&first.id, sha256).await.status(),
            StatusCode::NOT_FOUND,
            "gone at once with its item"
        );
        assert_eq!(get(&second.id, sha256).await.status(), StatusCode::OK, "another item's own image stays");
        assert_eq!(
            answer(None, &"media://localhost/".parse().unwrap()).await.status(),
            StatusCode::NOT_FOUND
        );
    }
}
