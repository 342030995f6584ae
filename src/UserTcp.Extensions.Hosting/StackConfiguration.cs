using System.Diagnostics.CodeAnalysis;
using System.Net;
using Microsoft.Extensions.Configuration;

namespace UserTcp.Extensions.Hosting;

/// <summary>Reads the options of a stack from configuration.</summary>
internal static class StackConfiguration
{
    private const string Gateway = nameof(UserTcpStackOptions.Gateway);
    private const string LoopbackAlias = nameof(UserTcpStackOptions.LoopbackAlias);
    private const string Defaults = nameof(UserTcpStackOptions.ConnectionDefaults);
    private const string LocalEndPoint = nameof(UserTcpConnectionOptions.LocalEndPoint);

    private delegate bool TryParse<T>(string text, [NotNullWhen(true)] out T? value);

    /// <exception cref="InvalidOperationException">A key is no option, or a text cannot be read; the message names
    /// it.</exception>
    [RequiresUnreferencedCode("Binding finds the properties of the options by reflection.")]
    [RequiresDynamicCode("Binding may need code that is made at run time.")]
    public static void Bind(IConfiguration section, UserTcpStackOptions options)
    {
        try
        {
            ForBinder(section).Bind(options, binder => binder.ErrorOnUnknownConfiguration = true);
        }
        catch (InvalidOperationException e) when (e.InnerException is InvalidOperationException inner)
        {
            // Of an element of a list the binder says only further in which text it was.
            throw new InvalidOperationException(WithReason(inner), e);
        }
        catch (InvalidOperationException e) when (e.InnerException is not null)
        {
            throw new InvalidOperationException(WithReason(e), e);
        }

        if (TextOf(section, Gateway) is { } gateway)
            options.Gateway = Parse<IPAddress>(section, Gateway, gateway, IPAddress.TryParse);
        if (TextOf(section, LoopbackAlias) is { } alias)
            options.LoopbackAlias = Parse<IPAddress>(section, LoopbackAlias, alias, IPAddress.TryParse);
        IConfigurationSection defaults = section.GetSection(Defaults);
        if (TextOf(defaults, LocalEndPoint) is { } local)
        {
            options.ConnectionDefaults.LocalEndPoint =
                Parse<IPEndPoint>(defaults, LocalEndPoint, local, IPEndPoint.TryParse);
        }
    }

    // The platform's own addresses have no converter: the binder cannot read them, and is not shown them.
    private static IConfiguration ForBinder(IConfiguration section)
    {
        string prefix = section is IConfigurationSection named ? named.Path : "";
        string gateway = ConfigurationPath.Combine(prefix, Gateway).TrimStart(':');
        string alias = ConfigurationPath.Combine(prefix, LoopbackAlias).TrimStart(':');
        string local = ConfigurationPath.Combine(prefix, Defaults, LocalEndPoint).TrimStart(':');
        var kept = section.AsEnumerable().Where(entry => entry.Value is not null
            && !entry.Key.Equals(gateway, StringComparison.OrdinalIgnoreCase)
            && !entry.Key.Equals(alias, StringComparison.OrdinalIgnoreCase)
            && !entry.Key.Equals(local, StringComparison.OrdinalIgnoreCase));
        IConfigurationRoot copy = new ConfigurationBuilder().AddInMemoryCollection(kept).Build();
        return prefix.Length > 0 ? copy.GetSection(prefix) : copy;
    }

    // The binder says where; the text's own parser says what is wrong with it and what would be right.
    private static string WithReason(InvalidOperationException failure)
    {
        Exception? reason = failure.InnerException;
        while (reason is not null and not FormatException)
            reason = reason.InnerException;
        return reason is null ? failure.Message : $"{failure.Message} {reason.Message}";
    }

    private static string? TextOf(IConfiguration section, string key) =>
        section[key] is { Length: > 0 } text ? text : null;

    private static T Parse<T>(IConfiguration section, string key, string text, TryParse<T> tryParse)
        where T : class
    {
        if (tryParse(text, out T? value))
            return value;

        string path = section is IConfigurationSection named ? ConfigurationPath.Combine(named.Path, key) : key;
        throw new InvalidOperationException($"'{text}' at '{path}' cannot be read as {typeof(T).Name}.");
    }
}
