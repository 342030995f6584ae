using System.IO.Pipelines;
using System.Text;

namespace HttpGet.Http;

/// <summary>A request without a body, for one connection: the server is asked to close it afterwards.</summary>
internal sealed record HttpRequest(Uri Url, string Method = "GET")
{
    /// <summary>The request as it goes over the wire. The URL is escaped already: no line end can hide in it.</summary>
    public override string ToString() =>
        $"""
        {Method} {Url.PathAndQuery} HTTP/1.1
        Host: {Host}
        User-Agent: UserTcp-HttpGet/0.1
        Accept: */*
        Connection: close


        """.ReplaceLineEndings("\r\n");

    private string Host => Url.IsDefaultPort ? Url.IdnHost : $"{Url.IdnHost}:{Url.Port}";

    /// <summary>Writes the request into the connection's own send buffer.</summary>
    public async ValueTask SendAsync(PipeWriter output, CancellationToken cancellationToken)
    {
        Encoding.ASCII.GetBytes(ToString(), output);
        try
        {
            // A connection that is gone completes the flush without an exception; the read that follows says why.
            await output.FlushAsync(cancellationToken);
        }
        catch (IOException error)
        {
            throw GetException.Broken("the request was sent", error);
        }
    }
}
