using HttpGet.Http;
using UserTcp;

namespace HttpGet;

/// <summary>One page, after all redirects: what came and how long it took.</summary>
/// <param name="Response">The head of the answer.</param>
/// <param name="BodyBytes">The body's length, without its framing.</param>
/// <param name="ToConnect">From the SYN to the established connection of the last hop.</param>
/// <param name="ToFirstByte">From the SYN to the end of the head, of the last hop.</param>
/// <param name="Total">From the SYN to the end of the body, of the last hop.</param>
/// <param name="Info">What the connection knew of itself at the end.</param>
internal sealed record FetchResult(
    HttpResponse Response, long BodyBytes, TimeSpan ToConnect, TimeSpan ToFirstByte, TimeSpan Total,
    UserTcpConnectionInfo Info);
