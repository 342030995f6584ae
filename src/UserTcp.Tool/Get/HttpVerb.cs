namespace UserTcp.Tool.Get;

/// <summary>The kind of a request. <c>-X</c> changes its name and nothing else, as with curl.</summary>
internal enum HttpVerb
{
    Get,
    Head,
    Post,
    Put,
}
