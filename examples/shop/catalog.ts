/** What the shop sells. Read-only, in memory. */
import { Refusal, serve } from '../service.ts';

const WORDS = ['lamp', 'chair', 'kettle', 'rope', 'anchor', 'lantern', 'compass', 'barrel', 'sail', 'map'];
const products = Array.from({ length: 40 }, (_, index) => ({
  sku: `p${index + 1}`,
  name: `${WORDS[index % WORDS.length]} no. ${Math.floor(index / WORDS.length) + 1}`,
  cents: 500 + ((index * 737) % 9_500),
}));
const bySku = new Map(products.map((product) => [product.sku, product]));

serve({
  'GET /products': () => products,
  'GET /products/*': ({ params: [sku] }) => {
    const product = bySku.get(sku as string);
    if (!product) throw new Refusal(404, `no product ${sku}`);
    return product;
  },
});
