//! Items in Zawgyi are asked about in Unicode, and each verdict says which text was judged.

use saring_verdict::VerdictNote;

use super::*;
use crate::store::item_verdicts;

#[tokio::test]
async fn an_item_in_zawgyi_and_its_unicode_twin_are_one_question_with_two_records() {
    let rows = ["ျမန္မာစာကို ေဇာ္ဂ်ီျဖင့္ ေရးသားထားသည္", "မြန်မာစာကို ဇော်ဂျီဖြင့် ရေးသားထားသည်"];
    for rows in [rows, [rows[1], rows[0]]] {
        let fixture = with_texts(&rows).await;
        let (engine, seen) = scripted::handle(Family::SeaGuard);
        let progress = label(&fixture, &engine).await;
        assert_eq!((progress.judged, progress.repeated), (2, 1));
        assert_eq!(seen.judged.load(Ordering::SeqCst), 1, "both mean the same text");
        let mut read = fixture.workspace.store().read().await.unwrap();
        for (id, text) in fixture.ids().await.iter().zip(rows) {
            let verdicts = item_verdicts::of_item(&mut read, id).await.unwrap();
            let said = text.starts_with('ျ').then_some(VerdictNote::ZawgyiReadAsUnicode);
            assert_eq!(verdicts[0].verdict.notes, said.into_iter().collect::<Vec<_>>(), "{text}");
        }
        drop(read);
        verified(&fixture).await;
    }
}
