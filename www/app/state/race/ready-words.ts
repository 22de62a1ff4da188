/**
 * What the ready-made network is asked for: things that children draw, of whose drawings it recognises four of five or
 * more, most of them before they are finished (measured on 14 drawings each that it had not learnt from).
 */
export const READY_WORDS = [
  "alarm clock", "apple", "bee", "bicycle", "book", "bowtie", "butterfly", "calculator", "camel", "camera",
  "car", "carrot", "castle", "circle", "clock", "cloud", "computer", "cookie", "crocodile", "diamond", "donut",
  "dumbbell", "eye", "face", "fish", "giraffe", "hand", "hat", "helicopter", "hexagon", "hospital",
  "hot air balloon", "hourglass", "laptop", "light bulb", "lion", "lollipop", "mountain", "moustache", "mushroom",
  "nose", "octopus", "onion", "paintbrush", "palm tree", "pear", "penguin", "pig", "pineapple", "pizza",
  "postcard", "rabbit", "radio", "rain", "rollerskates", "sea turtle", "see saw", "sheep", "shovel",
  "skateboard", "smiley face", "snail", "snake", "snowman", "sock", "stop sign", "strawberry", "sun", "sweater",
  "swing set", "television", "tornado", "traffic light", "tree", "triangle", "trumpet", "umbrella",
  "washing machine", "wheel", "windmill", "zebra",
]; // prettier-ignore
