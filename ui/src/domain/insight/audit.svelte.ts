/** Whether the history is whole. Neighbour: `views/insight/AuditCheck.svelte`. */
import { asFailure, type AuditView, type Backend, type Failure } from '$lib/backend';

export class AuditController {
  result = $state.raw<AuditView | null>(null);
  verifying = $state(false);
  failure = $state.raw<Failure | null>(null);

  constructor(private readonly backend: Backend) {}

  /** Recomputes every hash of the history of events. */
  async verify(): Promise<void> {
    if (this.verifying) return;
    this.verifying = true;
    this.result = null;
    try {
      this.result = await this.backend.verifyAudit();
      this.failure = null;
    } catch (error) {
      this.failure = asFailure(error);
    } finally {
      this.verifying = false;
    }
  }
}
