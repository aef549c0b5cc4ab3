/** `node examples/aws/app.ts` writes the template to `cdk.out` in the working directory. */
import { App } from 'aws-cdk-lib';
import { LibraryStack } from './library-stack.ts';

const lendingSecretArn = process.env['LENDING_SECRET_ARN'];
if (!lendingSecretArn) throw new Error('Set LENDING_SECRET_ARN to the ARN of the secret that RDS manages.');
const app = new App({ outdir: 'cdk.out' });
new LibraryStack(app, 'LibraryStack', { lendingSecretArn });
app.synth();
