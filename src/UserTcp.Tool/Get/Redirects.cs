using System.Net;
using System.Net.Http.Headers;

namespace UserTcp.Tool.Get;

/// <summary>
/// Follows redirects of a GET as curl does: the same origin hears the credentials again, another one does not, unless
/// the location names some. .NET's own handler drops them always. From https to http nothing is followed.
/// </summary>
internal sealed class Redirects(HttpMessageHandler inner, int most) : DelegatingHandler(inner)
{
    protected override async Task<HttpResponseMessage> SendAsync(
        HttpRequestMessage request, CancellationToken cancellationToken)
    {
        HttpResponseMessage response = await base.SendAsync(request, cancellationToken);
        for (int i = 0; i < most && TargetOf(request, response) is { } target; i++)
        {
            response.Dispose();
            AuthenticationHeaderValue? named = HttpWishes.CredentialsOf(target);
            if (named is not null)
                request.Headers.Authorization = named;
            else if (!IsSameOrigin(request.RequestUri!, target))
                request.Headers.Authorization = null;
            request.RequestUri = HttpWishes.WithoutUser(target);
            response = await base.SendAsync(request, cancellationToken);
        }

        return response;
    }

    private static Uri? TargetOf(HttpRequestMessage request, HttpResponseMessage response)
    {
        bool isRedirect = (int)response.StatusCode is >= 300 and < 400
            && response.StatusCode != HttpStatusCode.NotModified;
        if (!isRedirect || response.Headers.Location is not { } location)
            return null;

        Uri from = request.RequestUri!;
        if (!Uri.TryCreate(from, location, out Uri? target)
            || (target.Scheme != Uri.UriSchemeHttp && target.Scheme != Uri.UriSchemeHttps))
            return null;
        return from.Scheme == Uri.UriSchemeHttps && target.Scheme == Uri.UriSchemeHttp ? null : target;
    }

    private static bool IsSameOrigin(Uri one, Uri other) =>
        one.Scheme == other.Scheme && one.IdnHost == other.IdnHost && one.Port == other.Port;
}
