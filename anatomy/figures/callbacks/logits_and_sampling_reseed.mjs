// The next seed; the field's own callback then writes the text.
export default ({ seed }) => {
  seed.value = seed.value >= seed.high ? seed.low : seed.value + 1;
};
