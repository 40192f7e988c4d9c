/**
 * Why an item is skipped, escalated or flagged: the team's reasons by digit, or the reviewer's own words in the note.
 *
 * Where the policy neither offers nor wants a reason nothing is asked, and one key does it. Neighbours: `ReviewController`
 * owns this and saves; `ReasonPicker` shows it.
 */
import { t } from '$language';
import type { GestureKind, PolicyRule, PolicyTerms } from '../../lib/backend';
import { ruleOf } from '../policy';

/** A gesture that waits for its reason. */
export interface Asking {
  kind: GestureKind;
  rule: PolicyRule;
}

export interface ReasonsSetup {
  terms: () => PolicyTerms | null;
  /** What stands in the note, or null. */
  note: () => string | null;
  send: (kind: GestureKind, reason: string | null, note: string | null) => Promise<void>;
  /** Says what is missing. */
  lack: (message: string) => void;
}

export class ReasonsController {
  asking = $state.raw<Asking | null>(null);

  constructor(private readonly setup: ReasonsSetup) {}

  /** Does it, or asks why first. Asked twice, it takes what there is for an answer. */
  async begin(kind: GestureKind): Promise<void> {
    const terms = this.setup.terms();
    const rule = terms === null ? null : ruleOf(terms, kind);
    if (rule === null) return this.setup.send(kind, this.setup.note(), null);
    if (this.asking?.kind === kind) return this.confirm();
    this.asking = { kind, rule };
    if (rule.codes.length === 0) await this.confirm();
  }

  /** The reason behind a digit. */
  async give(index: number): Promise<void> {
    const reason = this.asking?.rule.codes[index];
    if (reason === undefined) return;
    if (this.asking?.rule.rationale === true && this.setup.note() === null)
      return this.setup.lack(t('policy.say.noteFirst'));
    await this.#send(reason.code, this.setup.note());
  }

  /** Enter: the reviewer's own words, or no reason at all, as far as the policy allows that. */
  async confirm(): Promise<void> {
    if (this.asking === null) return;
    const { rule } = this.asking;
    const note = this.setup.note();
    if (note !== null && rule.free_text) return this.#send(note, null);
    if (rule.required) {
      const offered = rule.codes.length > 0;
      return this.setup.lack(t(offered ? 'policy.say.chooseReason' : 'policy.say.writeReason'));
    }
    if (rule.rationale && note === null) return this.setup.lack(t('policy.say.note'));
    await this.#send(null, note);
  }

  close(): void {
    this.asking = null;
  }

  async #send(reason: string | null, note: string | null): Promise<void> {
    const { asking } = this;
    this.asking = null;
    if (asking !== null) await this.setup.send(asking.kind, reason, note);
  }
}
