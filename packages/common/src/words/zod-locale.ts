import * as z from 'zod/mini';

/** Without a locale zod/mini reports every mistake as "Invalid input". */
z.config(z.locales.en());
