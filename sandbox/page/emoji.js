// The shortcodes that apps use most; others stay as typed, as Slack does with names it does not know.
const TABLE = `
white_check_mark ✅|heavy_check_mark ✔️|ballot_box_with_check ☑️|x ❌|negative_squared_cross_mark ❎|heavy_multiplication_x ✖️
warning ⚠️|no_entry ⛔|no_entry_sign 🚫|stop_sign 🛑|exclamation ❗|heavy_exclamation_mark ❗|question ❓|grey_question ❔|bangbang ‼️
information_source ℹ️|bulb 💡|fire 🔥|boom 💥|zap ⚡|sparkles ✨|star ⭐|star2 🌟|tada 🎉|confetti_ball 🎊|rocket 🚀|dart 🎯|trophy 🏆
bell 🔔|no_bell 🔕|loudspeaker 📢|mega 📣|speech_balloon 💬|thought_balloon 💭|eyes 👀|mag 🔍|mag_right 🔎|lock 🔒|unlock 🔓|key 🔑
calendar 📆|date 📅|spiral_calendar_pad 🗓️|alarm_clock ⏰|stopwatch ⏱️|timer_clock ⏲️|hourglass ⌛|hourglass_flowing_sand ⏳|clock1 🕐|clock2 🕑
clock3 🕒|clock4 🕓|clock5 🕔|clock6 🕕|clock7 🕖|clock8 🕗|clock9 🕘|clock10 🕙|clock11 🕚|clock12 🕛|watch ⌚
office 🏢|house 🏠|house_with_garden 🏡|classical_building 🏛️|hotel 🏨|school 🏫|door 🚪|seat 💺|chair 🪑|couch_and_lamp 🛋️|world_map 🗺️
round_pushpin 📍|pushpin 📌|paperclip 📎|link 🔗|triangular_flag_on_post 🚩|wheelchair ♿|elevator 🛗|parking 🅿️|toilet 🚽
tv 📺|film_projector 📽️|movie_camera 🎥|video_camera 📹|camera 📷|computer 💻|desktop_computer 🖥️|keyboard ⌨️|phone ☎️|telephone_receiver 📞
iphone 📱|microphone 🎤|studio_microphone 🎙️|headphones 🎧|speaker 🔈|loud_sound 🔊|mute 🔇|electric_plug 🔌|battery 🔋|satellite_antenna 📡|printer 🖨️
memo 📝|pencil ✏️|pencil2 ✏️|lower_left_ballpoint_pen 🖊️|clipboard 📋|page_facing_up 📄|bookmark 🔖|books 📚|book 📖|notebook 📓|card_index 📇
bar_chart 📊|chart_with_upwards_trend 📈|chart_with_downwards_trend 📉|email ✉️|envelope ✉️|incoming_envelope 📨|inbox_tray 📥|outbox_tray 📤|package 📦
busts_in_silhouette 👥|bust_in_silhouette 👤|family 👪|raising_hand 🙋|handshake 🤝|wave 👋|pray 🙏|clap 👏|muscle 💪|ok_hand 👌|point_right 👉
point_left 👈|point_up ☝️|point_up_2 👆|point_down 👇|+1 👍|thumbsup 👍|-1 👎|thumbsdown 👎|raised_hands 🙌|raised_hand ✋|hand ✋|v ✌️
smile 😄|smiley 😃|grinning 😀|slightly_smiling_face 🙂|blush 😊|wink 😉|joy 😂|laughing 😆|sweat_smile 😅|thinking_face 🤔|neutral_face 😐
disappointed 😞|cry 😢|sob 😭|sleeping 😴|zzz 💤|sunglasses 😎|heart_eyes 😍|scream 😱|robot_face 🤖|ghost 👻|100 💯|shrug 🤷|facepalm 🤦
heart ❤️|green_heart 💚|blue_heart 💙|yellow_heart 💛|purple_heart 💜|orange_heart 🧡|broken_heart 💔
red_circle 🔴|large_red_circle 🔴|large_orange_circle 🟠|large_yellow_circle 🟡|large_green_circle 🟢|large_blue_circle 🔵|large_purple_circle 🟣
white_circle ⚪|black_circle ⚫|large_red_square 🟥|large_orange_square 🟧|large_yellow_square 🟨|large_green_square 🟩|large_blue_square 🟦
white_large_square ⬜|black_large_square ⬛|white_small_square ▫️|black_small_square ▪️|large_blue_diamond 🔷|small_blue_diamond 🔹
arrow_right ➡️|arrow_left ⬅️|arrow_up ⬆️|arrow_down ⬇️|arrow_forward ▶️|arrow_backward ◀️|leftwards_arrow_with_hook ↩️|arrow_right_hook ↪️
arrows_counterclockwise 🔄|repeat 🔁|twisted_rightwards_arrows 🔀|left_right_arrow ↔️|arrow_upper_right ↗️|new 🆕|free 🆓|ok 🆗|soon 🔜|back 🔙
heavy_plus_sign ➕|heavy_minus_sign ➖|wastebasket 🗑️|gear ⚙️|wrench 🔧|hammer 🔨|hammer_and_wrench 🛠️|construction 🚧|broom 🧹|recycle ♻️
coffee ☕|tea 🍵|pizza 🍕|cake 🍰|birthday 🎂|beer 🍺|fork_and_knife 🍴|knife_fork_plate 🍽️|apple 🍎
sunny ☀️|partly_sunny ⛅|cloud ☁️|umbrella ☔|snowflake ❄️|rainbow 🌈|crescent_moon 🌙|earth_americas 🌎|earth_africa 🌍|globe_with_meridians 🌐
airplane ✈️|train 🚆|bus 🚌|car 🚗|bike 🚲|walking 🚶|runner 🏃|gift 🎁|moneybag 💰|ticket 🎫|art 🎨|game_die 🎲|musical_note 🎵
seedling 🌱|evergreen_tree 🌲|herb 🌿|four_leaf_clover 🍀|dog 🐶|cat 🐱|bug 🐛|bee 🐝|see_no_evil 🙈|copyright ©️|tm ™️
one 1️⃣|two 2️⃣|three 3️⃣|four 4️⃣|five 5️⃣|six 6️⃣|seven 7️⃣|eight 8️⃣|nine 9️⃣|keycap_ten 🔟|zero 0️⃣
flag-us 🇺🇸|us 🇺🇸|flag-de 🇩🇪|de 🇩🇪|flag-fr 🇫🇷|fr 🇫🇷|flag-gb 🇬🇧|gb 🇬🇧
`;

const GLYPHS = new Map(
  TABLE.trim()
    .split(/[|\n]/)
    .map((entry) => {
      const cut = entry.indexOf(" ");
      return [entry.slice(0, cut), entry.slice(cut + 1)];
    }),
);

/** The character of a shortcode without its colons, or undefined. */
export const glyph = (name) => GLYPHS.get(name);

/** A shortcode at this place of a text: {name, glyph, length} or null. Skin tones are taken along and left out. */
export function shortcodeAt(text, index) {
  const found = /^:([a-z0-9_+-]+):(?::skin-tone-[2-6]:)?/.exec(text.slice(index, index + 80));
  if (!found || !GLYPHS.has(found[1])) return null;
  return { name: found[1], glyph: GLYPHS.get(found[1]), length: found[0].length };
}
