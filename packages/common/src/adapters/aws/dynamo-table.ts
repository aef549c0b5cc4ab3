import {
  type AttributeValue,
  CreateTableCommand,
  DeleteItemCommand,
  DescribeTableCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  ScanCommand,
  type ScanCommandOutput,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import * as z from 'zod/mini';
import type { Expected, Item, ItemTable } from '../../ports/item-table.ts';
import { errorName } from './aws-error.ts';
import { dynamoFailure } from './dynamo-failure.ts';

const KEY = 'entity';
/** AWS says that a table takes seconds. */
const CREATION_SECONDS_MAX = 300;

const itemSchema = z.looseObject({ [KEY]: z.string() });

/** A table in Amazon DynamoDB whose only key is `entity`. The client repeats calls that are throttled, with back-off. */
export class DynamoTable implements ItemTable {
  readonly name: string;
  readonly #client: DynamoDBClient;

  constructor(client: DynamoDBClient, name: string) {
    this.name = name;
    this.#client = client;
  }

  async get(entity: string): Promise<Item | undefined> {
    const command = new GetItemCommand({ TableName: this.name, Key: { [KEY]: { S: entity } }, ConsistentRead: true });
    const { Item } = await this.#client.send(command).catch(this.#throwing('GetItem'));
    return Item && itemOf(Item);
  }

  async scan(): Promise<readonly Item[]> {
    const items: Item[] = [];
    let from: Record<string, AttributeValue> | undefined;
    do {
      const command = new ScanCommand({ TableName: this.name, ConsistentRead: true, ExclusiveStartKey: from });
      const page: ScanCommandOutput = await this.#client.send(command).catch(this.#throwing('Scan'));
      items.push(...(page.Items ?? []).map(itemOf));
      from = page.LastEvaluatedKey;
    } while (from);
    return items;
  }

  async put(item: Item, expected: Expected | undefined): Promise<boolean> {
    const Item = marshall(item, { removeUndefinedValues: true, allowImpreciseNumbers: true });
    const command = new PutItemCommand({ TableName: this.name, Item, ...conditionOf(expected) });
    return this.#client.send(command).then(() => true, this.#falseIfRefused('PutItem'));
  }

  async remove(entity: string, expected: Expected): Promise<boolean> {
    const Key = { [KEY]: { S: entity } };
    const command = new DeleteItemCommand({ TableName: this.name, Key, ...conditionOf(expected) });
    return this.#client.send(command).then(() => true, this.#falseIfRefused('DeleteItem'));
  }

  /**
   * Creates the table if it is missing, with on-demand capacity, and waits until it can be used. The stack creates its
   * own, so that no function has the right to.
   */
  async create(): Promise<void> {
    if (await this.#exists()) return;
    const command = new CreateTableCommand({
      TableName: this.name,
      BillingMode: 'PAY_PER_REQUEST',
      DeletionProtectionEnabled: true,
      AttributeDefinitions: [{ AttributeName: KEY, AttributeType: 'S' }],
      KeySchema: [{ AttributeName: KEY, KeyType: 'HASH' }],
    });
    await this.#client.send(command).catch((thrown: unknown) => {
      // Somebody else has just created it.
      if (errorName(thrown) !== 'ResourceInUseException') throw dynamoFailure(this.name, 'CreateTable', thrown);
    });
    const waiting = { client: this.#client, minDelay: 1, maxDelay: 5, maxWaitTime: CREATION_SECONDS_MAX };
    await waitUntilTableExists(waiting, { TableName: this.name }).catch(this.#throwing('DescribeTable'));
  }

  async #exists(): Promise<boolean> {
    return this.#client.send(new DescribeTableCommand({ TableName: this.name })).then(
      ({ Table }) => Table?.TableStatus === 'ACTIVE',
      (thrown: unknown) => {
        if (errorName(thrown) === 'ResourceNotFoundException') return false;
        throw dynamoFailure(this.name, 'DescribeTable', thrown);
      },
    );
  }

  #falseIfRefused(action: string) {
    return (thrown: unknown): false => {
      if (errorName(thrown) === 'ConditionalCheckFailedException') return false;
      throw dynamoFailure(this.name, action, thrown);
    };
  }

  #throwing(action: string) {
    return (thrown: unknown): never => {
      throw dynamoFailure(this.name, action, thrown);
    };
  }
}

function itemOf(attributes: Record<string, AttributeValue>): Item {
  return z.parse(itemSchema, unmarshall(attributes, { wrapNumbers: Number }));
}

/** `attribute_not_exists(#0)`, or `#0 = :0 AND attribute_not_exists(#1)`. */
function conditionOf(expected: Expected | undefined) {
  if (!expected) {
    return { ConditionExpression: 'attribute_not_exists(#0)', ExpressionAttributeNames: { '#0': KEY } };
  }
  const all = Object.entries(expected);
  const present = all.flatMap(([, value], index) => (value === null ? [] : [[`:${index}`, value] as const]));
  return {
    ConditionExpression: all
      .map(([, value], index) => (value === null ? `attribute_not_exists(#${index})` : `#${index} = :${index}`))
      .join(' AND '),
    ExpressionAttributeNames: Object.fromEntries(all.map(([name], index) => [`#${index}`, name])),
    ExpressionAttributeValues: marshall(Object.fromEntries(present)),
  };
}
