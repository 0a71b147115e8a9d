/**
 * An expression for a page: its texts and placeholders whose contrast with what lies behind them is below 4.5:1, which
 * WCAG 2 asks of level AA, each with the ratio. Text over pictures or gradients is not judged.
 */
export const LOW_CONTRAST = `(() => {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const rgba = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const linear = (part) => (part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4);
  const luminance = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  const behind = (element) => {
    for (let at = element; at !== null; at = at.parentElement) {
      const color = rgba(getComputedStyle(at).backgroundColor);
      if (color[3] === 255) return color;
    }
    return [255, 255, 255, 255];
  };
  const ratio = (element, color) => {
    const [light, dark] = [luminance(rgba(color)), luminance(behind(element))].sort((a, b) => b - a);
    return (light + 0.05) / (dark + 0.05);
  };
  const found = [];
  const judge = (element, text, color) => {
    const measured = ratio(element, color);
    if (measured < 4.5) found.push(measured.toFixed(2) + ' ' + text);
  };
  for (const element of document.querySelectorAll('body *')) {
    if (!element.checkVisibility()) continue;
    const text = [...element.childNodes].filter((node) => node.nodeType === 3).map((node) => node.data.trim()).join('');
    if (text !== '') judge(element, text, getComputedStyle(element).color);
    if (element.placeholder) judge(element, element.placeholder, getComputedStyle(element, '::placeholder').color);
  }
  return found;
})()`;
