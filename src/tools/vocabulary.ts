/**
 * Words that mean the same where tools are spoken of, in both languages: English, then Chinese behind the bar. Words joined by `_` go
 * together. A dictionary of general words and of the Chinese names of services; no tool is meant by any of them.
 */
export const vocabulary = `
search find lookup seek | 搜索 搜 查找 寻找 检索 搜寻
query | 查询 查
list show display enumerate | 列出 列表 显示 查看 有哪些 哪些
get fetch retrieve obtain | 获取 取得 拿到
read open view | 读取 阅读 打开 读
create add new make | 创建 新建 添加 增加 新增 生成 建
update change modify edit | 更新 修改 编辑 更改 调整
delete remove erase | 删除 删掉 移除 清除 去掉 删
send | 发送 寄 发
post publish share | 发布 发表 发帖 分享
reply respond answer | 回复 答复 回答
message msg | 消息 信息 短信 留言
notify notification | 通知 告诉
email mail inbox | 邮件 电子邮件 邮箱 来信
attachment | 附件
draft | 草稿
chat conversation | 聊天 对话 会话
channel | 频道
group | 群 群组 小组
contact | 联系人 通讯录
person people user member | 用户 成员 人员 谁
profile | 资料 个人资料 简介
comment note | 评论 评价 留言
review rating | 评价 评分 点评 口碑
file document | 文件 文档
folder directory | 文件夹 目录
upload | 上传
download save | 下载 保存
copy duplicate | 复制 拷贝
move rename | 移动 重命名 挪
archive | 归档 存档
zip compress | 压缩 打包
extract unzip | 解压 提取 抽取
merge join combine | 合并 拼接
split | 拆分 分割
convert | 转换 换算 兑换
calculate compute | 计算 算
unit | 单位
equation | 方程
statistics | 统计
chart graph plot | 图表 曲线
run execute | 运行 执行
start launch begin | 开始 启动
stop end kill | 停止 结束
restart | 重启 重新启动
turn_on | 打开 开启
turn_off | 关闭 关掉 关上
open | 打开
close shut | 关闭 关上
lock | 锁 上锁
schedule | 安排 日程 计划 定时
calendar agenda | 日历 日程 安排
event meeting appointment | 会议 开会 活动 事件 约会
invite invitation attendee | 邀请 参会
accept | 接受 同意
decline reject | 拒绝
reminder remind | 提醒
timer countdown | 计时 倒计时
task todo | 任务 待办
complete done finish | 完成
time clock | 时间 几点 钟
timezone | 时区
date day | 日期 几号 天
today | 今天
tomorrow | 明天
week | 周 星期
holiday | 假期 节假日 放假 节日
weather | 天气 气温 气象 下雨 下雪 刮风
forecast | 预报
rain | 下雨 雨
snow | 下雪 雪
temperature | 温度 气温
wind | 风
air | 空气
quality | 质量
pollution | 污染 雾霾
pollen | 花粉
map location place | 地图 位置 地点 地方
address | 地址
route direction navigate | 路线 怎么走 导航 怎么去
driving drive car | 开车 驾车 汽车 车
bus transit metro | 公交 地铁 公共交通
walk step | 走路 步行 步数
near nearby around | 附近 周边 周围
restaurant | 餐厅 饭馆 餐馆
food meal dish | 食物 菜 美食 饭
delivery | 外卖 配送 送餐
recipe cook | 菜谱 食谱 怎么做 做饭 烹饪
ingredient | 食材 原料
calorie nutrition | 卡路里 热量 营养
hotel | 酒店 宾馆 旅馆
room | 房间
book reserve booking reservation | 预订 预定 订
cancel | 取消 退订
ticket | 票 车票 机票 工单
train railway | 火车 高铁 列车 动车 铁路
flight plane | 航班 飞机 机票
airport | 机场
station | 车站 站 站点
taxi ride cab | 打车 出租车 叫车 网约车
traffic | 交通 堵车 路况
order | 订单 下单
package parcel shipment | 快递 包裹 物流
track | 跟踪 追踪
ship shipping deliver | 发货 运送 送达
product item goods | 商品 产品
shop store | 商店 店铺
cart | 购物车
price cost fare worth | 价格 多少钱 价 费用
discount coupon | 折扣 优惠 优惠券 打折
stock inventory | 库存
stock share | 股票 股价 股市
company | 公司 企业
news | 新闻 资讯 消息
currency money | 货币 外汇 人民币 美元 欧元 日元 英镑 钱
exchange_rate | 汇率
cryptocurrency coin bitcoin crypto | 加密货币 比特币 虚拟币 币
pay payment | 支付 付款
refund | 退款
invoice bill | 发票 账单
balance | 余额
subscription | 订阅
video clip | 视频 影片 短片
movie film cinema | 电影 影院
series show | 电视剧 剧集
subtitle caption transcript | 字幕 文字稿
transcribe speech | 转写 听写 语音
voice | 语音 声音 嗓音
audio sound recording | 音频 录音 声音
music song track | 音乐 歌 歌曲
play | 播放 放
pause | 暂停
skip next | 下一首 跳过 切歌
lyrics | 歌词
playlist | 歌单 播放列表
volume | 音量
picture image photo | 图片 照片 图像 相片
draw generate | 画 绘制 生成
background | 背景
enlarge upscale | 放大
resize | 尺寸 缩放
ocr recognise recognize | 识别 文字识别
text word | 文字 文本 字
screenshot | 截图 截屏
camera | 摄像头 相机
translate translation | 翻译 译成
language | 语言
summary summarise summarize | 总结 摘要 概括
analyse analyze analysis | 分析 解读
describe | 描述 说明
web internet online | 网络 上网 网上 互联网
page website site | 网页 页面 网站
link url | 链接 网址
form | 表单
article | 文章 条目
paper | 论文
citation cite | 引用
wiki | 维基 百科
hot trending popular trend | 热门 热搜 最火 火 趋势 排行
recommend recommendation similar | 推荐 相似
follower | 粉丝
like | 点赞 喜欢
timeline feed | 时间线 动态
tweet | 推文
latest recent current | 最新 最近 现在 目前 当前
history past | 历史 记录 过去
repository repo | 仓库 代码库
code source | 代码 源码
commit | 提交
branch | 分支
pull_request | 拉取请求 合并请求
issue bug | 问题 缺陷 议题
release | 发布 版本
pipeline build | 流水线 构建
deploy deployment | 部署
log | 日志
error exception | 错误 异常 报错
monitor | 监控 监视
alert alarm warning | 告警 警报 预警
metric | 指标
incident | 事故 故障
server machine host | 服务器 主机 机器
container | 容器
cluster | 集群
database | 数据库
table | 表 表格
row | 行
column | 列
cell | 单元格
spreadsheet sheet | 表格 电子表格
index | 索引
key | 键 密钥
password | 密码
protect secure | 保护 加密
sign signature | 签名 签字
domain dns | 域名 解析
cache | 缓存
light lamp | 灯 电灯 灯光
door | 门
curtain blind | 窗帘 百叶窗
vacuum cleaner | 扫地 吸尘 打扫
thermostat air_conditioner | 空调 暖气
device | 设备
scene | 场景
sensor | 传感器
home | 家 家里
sleep | 睡眠 睡觉
heart_rate | 心率 心跳
weight | 体重
workout exercise | 运动 锻炼 健身
sport game match | 比赛 体育
score | 比分 得分
team | 球队 团队
standings league | 积分榜 联赛 排名
player | 球员 选手
job | 工作 职位 招聘
customer client | 客户 顾客
deal sale | 交易 销售
report | 报告 报表
board | 看板
card | 卡片
project | 项目
label tag | 标签
status state | 状态 情况
memory remember | 记忆 记住 记得
note | 笔记 便签
twitter | 推特
weibo | 微博
xiaohongshu | 小红书
bilibili | 哔哩哔哩 b站
tiktok douyin | 抖音
youtube | 油管
wechat | 微信
telegram | 电报
facebook | 脸书
linkedin | 领英
google | 谷歌
amazon | 亚马逊
taobao | 淘宝
zhihu | 知乎
amap | 高德
baidu | 百度
wikipedia | 维基百科
apple | 苹果
microsoft | 微软
`
