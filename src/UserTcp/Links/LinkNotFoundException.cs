namespace UserTcp.Links;

/// <summary>There is no device of the name that was asked for. The message names those that there are.</summary>
public sealed class LinkNotFoundException : IOException
{
    /// <summary>Makes an exception with a standard message.</summary>
    public LinkNotFoundException()
        : this("There is no such link device.")
    {
    }

    /// <summary>Makes an exception.</summary>
    /// <param name="message">The requested name, and the names that exist.</param>
    public LinkNotFoundException(string message)
        : base(message)
    {
    }

    /// <summary>Makes an exception.</summary>
    /// <param name="message">The requested name, and the names that exist.</param>
    /// <param name="innerException">The system's own error.</param>
    public LinkNotFoundException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }
}
