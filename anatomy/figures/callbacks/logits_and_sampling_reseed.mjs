// The next seed; the slider's own callback then writes the text.
export default ({ seed }) => {
  seed.value = seed.value >= seed.end ? seed.start : seed.value + 1;
};
