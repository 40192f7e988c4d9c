/** Charts and tables that are kept in files: asks where, and says where they went. */
import { asFailure, type Backend, type Failure, type FigureFormat } from '$lib/backend';

export class FigureSaver {
  /** Where the last one went. */
  saved = $state<string | null>(null);
  failure = $state.raw<Failure | null>(null);
  #busy = false;

  constructor(private readonly backend: Backend) {}

  /** `make` is called once a place is chosen. */
  async save(name: string, format: FigureFormat, make: () => Promise<Uint8Array>): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    try {
      const path = await this.backend.pickSaveFile(`${fileName(name)}.${format}`);
      if (path === null) return;
      await this.backend.saveFigure(path, format, await make());
      this.saved = path;
      this.failure = null;
    } catch (error) {
      this.saved = null;
      this.failure = asFailure(error);
    } finally {
      this.#busy = false;
    }
  }
}

/** Without what some file system does not take. */
function fileName(name: string): string {
  return name.replaceAll(/[^\p{L}\p{M}\p{N}_-]+/gu, '-');
}
