import * as z from 'zod/mini';

/** zod/mini says "Invalid input" to everything until it is given words. */
z.config(z.locales.en());
