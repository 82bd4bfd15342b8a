"use strict";
// All words of the page, in both languages.
const WORDS = {
  en: {
    title: "Two models, one formula", lead: "p(x) = ∫ p(x|z) p(z) dz. Left, z is the number of a component. Right, it is a point of the plane or the line.",
    language: "Language", more: "more detail", loading: "The models are being loaded …", ready: "Ready. Make a step.", data: "The points", set: "Set", clear: "Draw your own", drop: "or open a small CSV",
    components: "Components", latent: "Code", sigma: "σ of the decoder", shared: "one, learned", network: "σ(z)", fixed: "fixed: squared error", penalty: "KL term", restart: "Start again",
    mixture: "Gaussian mixture", vae: "Variational autoencoder", e: "E-step", m: "M-step", encoder: "Encoder step", decoder: "Decoder step", run: "Run both", stop: "Stop",
    scale: "nats: log p(x), the same scale on both sides", codes: "The code space", drag: "Each ellipse is q(z|x) of a point; the circles are the prior. Drag in it: the normal p(x|z) moves over the points above.",
    draws: "The VAE as a mixture of S Gaussians, S =", ladder: "The ladder to log p", choose: "Click a point of the right picture. The bound of K samples climbs from the ELBO to log p.",
    logp: "log p", elbo: "ELBO", kl: "KL(q‖p(z|x))", rate: "KL(q‖p(z))", error: "quadrature, error at most", drawing: "Click or drag in the left picture to add points, then start again.", points: "points",
    own: "your points", noWasm: "This browser has no WebAssembly, no workers or cannot unpack them: the page needs a newer one.", failed: "The models could not be loaded", working: "computing …", at: "p(x|z) at z =",
    right: "Right.", wrong: "Not so.", rise: "It rises", fall: "It falls", stay: "It stays",
    ask_e: "Before you see: what does the E-step do to log p?", why_e: "The E-step changes q(z|x) alone. log p stays, the ELBO rises to it, and KL becomes 0: the bars touch.", right_e: "stay",
    ask_m: "Before you see: what does the M-step do to log p, if KL is 0 before it?", why_m: "The M-step raises the ELBO, and log p is never below it. The old q is no longer the posterior: the bars part, and log p has risen by even more.", right_m: "rise",
    ask_encoder: "Before you see: what does a step of the encoder alone do to log p?", why_encoder: "The encoder is q(z|x), and p(x) does not depend on it. Only the bound moves.", right_encoder: "stay",
    ask_decoder: "Before you see: the decoder is trained to raise the ELBO. What does log p do?", why_decoder: "Mostly it rises, but nothing makes it: where KL is not 0, the ELBO may gain by a smaller KL instead.", right_decoder: "rise",
  },
  zh: {
    title: "两个模型，一个公式", lead: "p(x) = ∫ p(x|z) p(z) dz。左边的 z 是分量的编号，右边的 z 是直线或平面上的一点。",
    language: "语言", more: "更多细节", loading: "正在载入模型……", ready: "就绪。请走一步。", data: "数据点", set: "数据集", clear: "自己画点", drop: "或打开一个小 CSV 文件",
    components: "分量数", latent: "编码维数", sigma: "解码器的 σ", shared: "一个，学习得到", network: "σ(z)", fixed: "固定：平方误差", penalty: "KL 项", restart: "重新开始",
    mixture: "高斯混合模型", vae: "变分自编码器", e: "E 步", m: "M 步", encoder: "编码器一步", decoder: "解码器一步", run: "同时运行", stop: "停止",
    scale: "nat：log p(x)，两边同一刻度", codes: "编码空间", drag: "每个椭圆是一个点的 q(z|x)，圆是先验。在其中拖动，正态分布 p(x|z) 会在上图中移动。",
    draws: "把 VAE 看作 S 个高斯的混合，S =", ladder: "通向 log p 的阶梯", choose: "在右图中点一个点。K 个样本的下界从证据下界爬向 log p。",
    logp: "log p", elbo: "证据下界 ELBO", kl: "KL(q‖p(z|x))", rate: "KL(q‖p(z))", error: "求积误差不超过", drawing: "在左图中点击或拖动来加点，然后重新开始。", points: "个点",
    own: "自己的点", noWasm: "此浏览器不支持 WebAssembly、Worker 或解压：请换用较新的浏览器。", failed: "模型无法载入", working: "计算中……", at: "p(x|z)，z =",
    right: "对。", wrong: "不对。", rise: "上升", fall: "下降", stay: "不变",
    ask_e: "先猜一猜：E 步会让 log p 怎样？", why_e: "E 步只改变 q(z|x)。log p 不变，下界升到与它相等，KL 变为 0：两条相接。", right_e: "stay",
    ask_m: "先猜一猜：若此前 KL 为 0，M 步会让 log p 怎样？", why_m: "M 步提高下界，而 log p 不会低于它。旧的 q 不再是后验：两条分开，log p 升得更多。", right_m: "rise",
    ask_encoder: "先猜一猜：只动编码器，log p 会怎样？", why_encoder: "编码器是 q(z|x)，p(x) 与它无关。动的只有下界。", right_encoder: "stay",
    ask_decoder: "先猜一猜：训练解码器以提高下界，log p 会怎样？", why_decoder: "多半上升，但没有保证：KL 不为 0 时，下界也可以靠缩小 KL 来提高。", right_decoder: "rise",
  },
};
