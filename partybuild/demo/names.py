"""Invented names of people, places and units. No Django."""

from random import Random

SURNAMES = (
    "陈林黄周吴徐孙马朱胡郭何高罗郑梁谢宋唐许韩冯董萧程曹袁傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭"
    "廖邹熊金陆郝孔白崔康邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文"
)
# No combination of these with a surname above is the name of a person of public life known to us.
_FIRST = "雨晓文明思佳嘉志海春秋云月秀玉永长兴世景立伯仲亦若清书静慧守宗启承怀敬"
_LAST_MALE = "舟川林松峰岩波柏帆阳航原谷田野桥良安诚勤厚朴和丰实远信顺"
_LAST_FEMALE = "莲荷菊梅兰竹燕雁蓉芸芹蕙萍苗青溪岚霞虹晴霜雪珍巧宁贞娟婉"
_PLACE_HEADS = "荻松枫竹柳云杏桃梅荷苇萍禾麦稻棠桂榆槐桑"
_PLACE_TAILS = "浦汀陂埠塘屿阜渡坞墩圩荡浜渚泾洲堰垟岙坂"
_SIDES = ("", "上", "下", "东", "西", "南", "北", "前", "后", "新", "老", "大")
_COMMUNITY_TAILS = ("春", "湖", "江", "山", "月", "溪", "田", "云", "林", "泉")
_COMMUNITY_HEADS = "望临映沁涵听揽枕拾沐"
_BRANDS = ("禾丰", "清润", "荻香", "云杉", "松谷", "麦浪", "棠溪", "竹海", "稻源", "桂圆")
_TRADES = ("食品", "建材", "纺织", "物流", "农业科技", "电子", "机械", "包装", "新能源", "家具")

OFFICES = (
    "财政局 农业农村局 民政局 水务局 林业局 交通运输局 统计局 审计局 自然资源局 住房和城乡建设局 文化和旅游局 "
    "卫生健康局 市场监督管理局 人力资源和社会保障局 医疗保障局 应急管理局 发展和改革局 工业和信息化局 商务局 档案馆 "
    "供销合作社 气象局 退役军人事务局 税务局"
).split()
INSTITUTIONS = (
    "人民医院 疾病预防控制中心 文化馆 图书馆 融媒体中心 农业技术推广中心 不动产登记中心 政务服务中心 公路养护中心 "
    "社会保险服务中心 妇幼保健院 体育中心 水文站 博物馆"
).split()
STATE_ENTERPRISES = (
    "水务投资公司 城市建设公司 公共交通公司 粮食储备公司 供热公司 文旅开发公司 农业发展公司".split()
)
ASSOCIATIONS = (
    "养老服务协会 志愿服务联合会 果蔬种植协会 餐饮行业协会 乡村旅游协会 物业管理协会 家政服务协会 书画协会 "
    "电子商务协会 社会工作协会 养殖协会 建筑业协会 慈善会 摄影协会"
).split()
SCHOOL_UNITS = ("教师发展中心", "考试服务中心", "青少年活动中心", "学生资助中心")
SCHOOLS = ("第一中学", "第二中学", "实验小学", "职业教育中心", "第一幼儿园", "第三中学", "城关小学")


def person_name(rng: Random, male: bool) -> str:
    """Surname and one or two characters."""
    last = _LAST_MALE if male else _LAST_FEMALE
    # Thrice as many names of three characters, as in life.
    middle = rng.choice(_FIRST) if rng.random() < 0.75 else ""
    return rng.choice(SURNAMES) + middle + rng.choice(last)


def _turned(name: str, turn: int) -> str:
    """The name again for the `turn`-th time: 上荻浦, 下荻浦…, then with a numeral."""
    again, side = divmod(turn, len(_SIDES))
    return _SIDES[side] + name + (str(again + 1) if again else "")


def place(number: int) -> str:
    """The `number`-th place name; a few thousand differ, then a numeral is added."""
    heads, tails = len(_PLACE_HEADS), len(_PLACE_TAILS)
    # Steps that share no factor with the lengths, so neighbours do not look alike.
    turn, inside = divmod(number, heads * tails)
    name = _PLACE_HEADS[inside * 7 % heads] + _PLACE_TAILS[(inside * 3 + inside // heads) % tails]
    return _turned(name, turn)


def community(number: int) -> str:
    """The `number`-th community name; the first is 望春."""
    heads, tails = len(_COMMUNITY_HEADS), len(_COMMUNITY_TAILS)
    turn, inside = divmod(number, heads * tails)
    name = _COMMUNITY_HEADS[inside % heads] + _COMMUNITY_TAILS[(inside // heads + inside) % tails]
    return _turned(name, turn)


def company(number: int) -> str:
    """The `number`-th private company."""
    turn, brand = divmod(number, len(_BRANDS))
    name = _BRANDS[brand] + _TRADES[(turn + brand) % len(_TRADES)]
    again = turn // len(_TRADES)
    return name + (f"{again + 1}厂" if again else "有限公司")
