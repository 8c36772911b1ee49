// The namespace `m` of floats in JavaScript: the operations that have no formula.
//
// The like of autograd/floats.py and autograd/special.py. Numbers are IEEE 754 doubles
// in both, so poles, domains and overflow need no care; what is written out here is what
// JavaScript lacks, or does in another way.

export const m = {
  abs: Math.abs,
  acos: Math.acos,
  acosh: Math.acosh,
  asin: Math.asin,
  asinh: Math.asinh,
  atan: Math.atan,
  atan2: Math.atan2,
  atanh: Math.atanh,
  cbrt: Math.cbrt,
  cos: Math.cos,
  cosh: Math.cosh,
  exp: Math.exp,
  exp2: (x) => 2 ** x,
  expm1: Math.expm1,
  floor: Math.floor,
  ceil: Math.ceil,
  trunc: Math.trunc,
  hypot: Math.hypot,
  norm: Math.hypot,
  log: Math.log,
  log10: Math.log10,
  log1p: Math.log1p,
  log2: Math.log2,
  sin: Math.sin,
  sinh: Math.sinh,
  sqrt: Math.sqrt,
  tan: Math.tan,
  tanh: Math.tanh,

  // The chain rule's product: zero beats infinity and NaN.
  chain(cotangent, partial) {
    const product = cotangent * partial;
    if (product !== product && (cotangent === 0 || partial === 0)) return 0;
    return product;
  },

  // C's: 1 to any power is 1, and so is -1 to an infinite one.
  pow(x, y) {
    if (x === 1 || (x === -1 && Math.abs(y) === Infinity)) return 1;
    return x ** y;
  },

  // Python's %, with the sign of the divisor.
  mod(x, y) {
    const rest = x % y;
    if (rest === 0) return withSign(0, y);
    return rest < 0 !== y < 0 ? rest + y : rest;
  },

  // Python's //, which fits %.
  floordiv(x, y) {
    if (y === 0 || Math.abs(x) === Infinity) return NaN;
    const rest = x % y;
    const crosses = rest !== 0 && rest < 0 !== y < 0;
    const quotient = (x - rest) / y - (crosses ? 1 : 0);
    if (quotient === 0) return withSign(0, x / y);
    const whole = Math.floor(quotient);
    return quotient - whole > 0.5 ? whole + 1 : whole;
  },

  // Halves go to the even neighbour.
  round(x) {
    if (!(Math.abs(x) < 2 ** 52)) return x;
    const low = Math.floor(x);
    const rest = x - low;
    const up = rest > 0.5 || (rest === 0.5 && low % 2 !== 0);
    return withSign(low + (up ? 1 : 0), x);
  },

  // Round the exact binary fraction to decimals; halves go to the even digit.
  round_to(x, digits) {
    if (!Number.isFinite(x) || digits > 323) return x;
    if (digits < -308) return withSign(0, x);
    let [numerator, denominator] = fraction(Math.abs(x));
    if (digits >= 0) numerator *= 10n ** BigInt(digits);
    else denominator *= 10n ** BigInt(-digits);
    let whole = numerator / denominator;
    const twice = 2n * (numerator % denominator);
    if (twice > denominator || (twice === denominator && whole % 2n === 1n)) whole += 1n;
    return withSign(Number(`${whole}e${-digits}`), x);
  },

  // Shifted by the largest, the small rest by log1p.
  logsumexp(...xs) {
    const top = Math.max(...xs);
    if (!Number.isFinite(top)) return top;
    let rest = 0;
    const largest = xs.indexOf(top);
    xs.forEach((x, i) => {
      if (i !== largest) rest += Math.exp(x - top);
    });
    return top + Math.log1p(rest);
  },

  // erf x = 2/√π · e^(−x²) · Σ 2ⁿx²ⁿ⁺¹/(2n+1)!! (DLMF 7.6.2): no term is negative.
  erf(x) {
    if (Math.abs(x) >= 1) return x < 0 ? m.erfc(-x) - 1 : 1 - m.erfc(x);
    let term = x;
    let sum = x;
    for (let n = 1; Math.abs(term) > Math.abs(sum) * 1e-18; n += 1) {
      term *= (2 * x * x) / (2 * n + 1);
      sum += term;
    }
    return ((2 * Math.exp(-x * x)) / SQRT_PI) * sum;
  },

  // From x = 1 on a continued fraction (DLMF 7.9.1), summed from its far end:
  // erfc x = e^(−x²)/√π · 1/(x + ½/(x + 1/(x + ³⁄₂/(x + ...)))).
  erfc(x) {
    if (x < 1) return x > -1 ? 1 - m.erf(x) : x !== x ? x : 2 - m.erfc(-x);
    if (x > 30) return 0;
    let tail = x;
    for (let k = Math.ceil(20 + 160 / (x * x)); k > 0; k -= 1) tail = x + k / 2 / tail;
    return exponentialOfSquare(x) / (SQRT_PI * tail);
  },

  // Stirling's series (DLMF 5.11.1) from 10 on, reached by Γ(x+1) = x·Γ(x); left of 0
  // the reflection Γ(x)·Γ(1−x) = π/sin πx.
  lgamma(x) {
    if (x <= 0) {
      const r = x - m.round(x);
      if (r === 0 || x === -Infinity) return Infinity;
      return Math.log(Math.PI / Math.abs(Math.sin(Math.PI * r))) - m.lgamma(1 - x);
    }
    if (x === 1 || x === 2) return 0;
    if (x === Infinity) return x;
    let product = 1;
    while (x < 10) {
      product *= x;
      x += 1;
    }
    let tail = 0;
    const w = 1 / (x * x);
    for (let j = BERNOULLI.length; j > 0; j -= 1) {
      tail = tail * w + BERNOULLI[j - 1] / (2 * j * (2 * j - 1));
    }
    return (x - 0.5) * (Math.log(x) - 1) - 0.5 + LOG_SQRT_2PI + tail / x - Math.log(product);
  },

  // ψ(x) = ln x − 1/2x − Σ B₂ⱼ/(2j·x²ʲ) (DLMF 5.11.2) from 10 on, reached by
  // ψ(x) = ψ(x+1) − 1/x; left of 0 ψ(x) = ψ(1−x) − π·cot πx.
  digamma(x) {
    if (x === 0) return 1 / x === Infinity ? -Infinity : Infinity;
    if (x < 0) {
      const r = x - m.round(x);
      if (r === 0 || x === -Infinity) return NaN;
      return m.digamma(1 - x) - Math.PI / Math.tan(Math.PI * r);
    }
    if (x === Infinity) return x;
    let sum = 0;
    while (x < 10) {
      sum -= 1 / x;
      x += 1;
    }
    let tail = 0;
    const w = 1 / (x * x);
    for (let j = BERNOULLI.length; j > 0; j -= 1) tail = (tail + BERNOULLI[j - 1] / (2 * j)) * w;
    return sum + Math.log(x) - 0.5 / x - tail;
  },

  // ψ⁽ⁿ⁾(x) = (−1)ⁿ⁺¹·n!·ζ(n+1, x) (DLMF 5.15). For x < 0, r being x less the nearest
  // integer, the sum over all (r+k)⁻ⁿ⁻¹ less those below x.
  polygamma(n, x) {
    if (n === 0) return m.digamma(x);
    const sign = n % 2 ? 1 : -1;
    if (x === Infinity) return 0 * sign;
    if (!(x > -Infinity)) return NaN;
    if (x > 0) return sign * factorialZeta(n, x);
    const r = x - m.round(x);
    if (r === 0) return n % 2 ? Infinity : x === 0 ? -1 / x : NaN;
    const all = factorialZeta(n, Math.abs(r)) + sign * factorialZeta(n, 1 - Math.abs(r));
    return sign * ((r > 0 ? all : sign * all) - sign * factorialZeta(n, 1 - x));
  },
};

const SQRT_PI = Math.sqrt(Math.PI);
const LOG_SQRT_2PI = Math.log(2 * Math.PI) / 2;
// B₂, B₄, ..., B₂₀ (DLMF 24.2(iv))
const BERNOULLI = [
  1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66,
  -691 / 2730, 7 / 6, -3617 / 510, 43867 / 798, -174611 / 330,
];

function withSign(size, x) {
  return x < 0 || Object.is(x, -0) ? -Math.abs(size) : Math.abs(size);
}

// A positive double as numerator and denominator.
function fraction(x) {
  let denominator = 1n;
  while (!Number.isInteger(x)) {
    x *= 2;
    denominator *= 2n;
  }
  return [BigInt(x), denominator];
}

// Return e^(−x²): the square is taken apart, since its rounding would count x² times.
function exponentialOfSquare(x) {
  const high = Math.fround(x);
  return Math.exp(-high * high) * Math.exp((high - x) * (high + x));
}

// n!·ζ(n+1, x) for x > 0: its terms up to z ≥ n + 9, then Euler-Maclaurin's sum
// z⁻ⁿ·(1/n + 1/2z + Σⱼ B₂ⱼ/(2j)!·(n+1)(n+2)...(n+2j−1)·z⁻²ʲ) (DLMF 25.11.43).
function factorialZeta(n, x) {
  let sum = 0;
  for (; x < n + 9; x += 1) sum += factorialOverPower(n, x) / x;
  let tail = 1 / n + 0.5 / x;
  let factor = 1 / n;
  BERNOULLI.forEach((number, i) => {
    const j = 2 * (i + 1);
    factor *= ((n + j - 2) * (n + j - 1)) / ((j - 1) * j * x * x);
    tail += number * factor;
  });
  return sum + factorialOverPower(n, x) * tail;
}

// n!/xⁿ, factor by factor: nothing overflows that the result does not.
function factorialOverPower(n, x) {
  let product = 1;
  for (let k = 1; k <= n; k += 1) product *= k / x;
  return product;
}
