/** One tool: which path of the HTTP API it asks, with what, and where in the answer its items are. */
export interface Endpoint {
  name: string
  title: string
  description: string
  path: string
  inputs: Input[]
  /** The names under which the API puts the list; the first that is there counts. Absent: the answer is one thing. */
  lists?: string[]
}

export interface Input {
  /** As the tool calls it. */
  name: string
  /** As the API calls it. */
  param: string
  description: string
  required: boolean
  kind: 'screenname' | 'id' | 'query' | 'country' | 'flag' | 'search-type' | 'cursor'
}

const screenname = input('screenname', 'screenname', 'Name of the account, with or without @', 'screenname')
const tweetId = input('tweet_id', 'id', 'Number of the tweet: the last part of its address', 'id')
const listId = input('list_id', 'list_id', 'Number of the list: the last part of its address', 'id')
const communityId = input('community_id', 'community_id', 'Number of the community: the last part of its address', 'id')
const query = input('query', 'query', 'Words to look for, as in the search of X', 'query')
const cursor: Input = {
  name: 'cursor',
  param: 'cursor',
  description: 'The next_cursor of the page before, for the next page',
  required: false,
  kind: 'cursor',
}
const tweets = ['timeline', 'tweets', 'replies']
const users = ['users', 'followers', 'following', 'members', 'retweets', 'affilates', 'affiliates']

/** The paths and parameters of "twitter-api45" on RapidAPI, spelt as they are there. */
export const endpoints: Endpoint[] = [
  {
    name: 'get_user_info',
    title: 'X user',
    description:
      'Profile of an X (Twitter) account: name, description, followers, id (rest_id). Ask this first to learn the id of an account.',
    path: 'screenname.php',
    inputs: [screenname, optional(input('rest_id', 'rest_id', 'Number of the account, in place of its name', 'id'))],
  },
  list('get_user_timeline', 'X timeline', 'What an X (Twitter) account posted lately.', 'timeline.php', [screenname], tweets),
  list(
    'get_user_following',
    'X following',
    'The accounts that an X (Twitter) account follows.',
    'following.php',
    [screenname],
    users,
  ),
  list(
    'get_user_followers',
    'X followers',
    'The accounts that follow an X (Twitter) account.',
    'followers.php',
    [screenname, optional(input('blue_verified', 'blue_verified', '1 for verified followers alone', 'flag'))],
    users,
  ),
  {
    name: 'get_tweet_info',
    title: 'X post',
    description: 'One post of X (Twitter) by its id: text, author, time, media and how often it was liked, shared and seen.',
    path: 'tweet.php',
    inputs: [tweetId],
  },
  list(
    'get_affiliates',
    'X affiliates',
    'The accounts that belong to an organisation on X (Twitter).',
    'affilates.php',
    [screenname],
    users,
  ),
  list(
    'get_user_media',
    'X media',
    'Posts of an X (Twitter) account with pictures or videos.',
    'usermedia.php',
    [screenname],
    tweets,
  ),
  list('get_retweets', 'X reposts', 'Who reposted a post on X (Twitter).', 'retweets.php', [tweetId], users),
  {
    name: 'get_trends',
    title: 'X trends',
    description: 'What is talked about on X (Twitter) in a country now.',
    path: 'trends.php',
    lists: ['trends'],
    inputs: [input('country', 'country', 'The country in English without blanks, such as UnitedStates', 'country')],
  },
  list(
    'search_tweets',
    'Search X',
    'Search posts on X (Twitter) by words; Top for the most noticed, Latest for the newest.',
    'search.php',
    [query, optional(input('search_type', 'search_type', 'Top or Latest', 'search-type'))],
    tweets,
  ),
  list(
    'get_tweet_thread',
    'X thread',
    'A post on X (Twitter) with the thread that it is part of.',
    'tweet_thread.php',
    [tweetId],
    ['thread', ...tweets],
  ),
  list(
    'get_latest_replies',
    'X replies',
    'The newest replies (comments) to a post on X (Twitter).',
    'latest_replies.php',
    [tweetId],
    tweets,
  ),
  list(
    'get_list_timeline',
    'X list',
    'What the members of a list on X (Twitter) posted lately.',
    'listtimeline.php',
    [listId],
    tweets,
  ),
  list(
    'search_communities_latest',
    'Search X communities, newest',
    'Search the newest posts within communities of X (Twitter).',
    'search_communities_latest.php',
    [query],
    tweets,
  ),
  list(
    'search_communities_top',
    'Search X communities, top',
    'Search the most noticed posts within communities of X (Twitter).',
    'search_communities_top.php',
    [query],
    tweets,
  ),
  list(
    'search_communities',
    'Find X communities',
    'Find communities on X (Twitter) by words.',
    'search_communities.php',
    [query],
    ['communities', ...tweets],
  ),
  list(
    'get_community_timeline',
    'X community',
    'What was posted lately in a community of X (Twitter).',
    'community_timeline.php',
    [communityId],
    tweets,
  ),
  list('get_list_followers', 'X list followers', 'Who follows a list on X (Twitter).', 'list_followers.php', [listId], users),
  list('get_list_members', 'X list members', 'Who is in a list on X (Twitter).', 'list_members.php', [listId], users),
]

function input(name: string, param: string, description: string, kind: Input['kind']): Input {
  return { name, param, description, required: true, kind }
}

function optional(one: Input): Input {
  return { ...one, required: false }
}

function list(name: string, title: string, description: string, path: string, inputs: Input[], lists: string[]): Endpoint {
  return {
    name,
    title,
    description: `${description} In pages: pass next_cursor as cursor.`,
    path,
    inputs: [...inputs, cursor],
    lists,
  }
}
